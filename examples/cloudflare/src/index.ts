/** Durable sessions on Cloudflare: the routes in front, one Durable Object a session behind. */

import type { AssetServer } from "perdure/http";
import { createApp } from "perdure/http";
import type { SessionDO, SessionIndexDO } from "perdure/session";

export { SessionDO, SessionIndexDO } from "perdure/session";

/** The bindings of `wrangler.jsonc`. */
interface Env {
  readonly SESSION_DO: DurableObjectNamespace<SessionDO>;
  readonly SESSION_INDEX: DurableObjectNamespace<SessionIndexDO>;
  readonly PERDURE_SECRET: string;
  /** The console's files, where the configuration has them. */
  readonly ASSETS?: AssetServer;
}

export default createApp<Env>({
  sessions: (env) => env.SESSION_DO,
  index: (env) => env.SESSION_INDEX,
  secrets: (env) => env.PERDURE_SECRET,
  assets: (env) => env.ASSETS,
});
