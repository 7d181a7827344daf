/** Durable sessions on Cloudflare: the routes in front, one Durable Object a session behind. */

import { createApp } from "perdure/http";

export { LoginDO } from "perdure/auth";
export { SessionDO, SessionIndexDO } from "perdure/session";

export default createApp<Env>({
  sessions: (env) => env.SESSION_DO,
  index: (env) => env.SESSION_INDEX,
  logins: (env) => env.LOGINS,
  secrets: (env) => env.PERDURE_SECRET,
});
