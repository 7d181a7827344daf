/** A chat in one Worker: the page, the routes of sessions, and a class that answers its prompts itself. */

import { createApp } from "perdure/http";

export { LoginDO } from "perdure/auth";
export { SessionIndexDO } from "perdure/session";
export { ChatSession } from "./chat-session.ts";

export default createApp<Env>({
  sessions: (env) => env.SESSION_DO,
  index: (env) => env.SESSION_INDEX,
  logins: (env) => env.LOGINS,
  secrets: (env) => env.PERDURE_SECRET,
  assets: (env) => env.ASSETS,
});
