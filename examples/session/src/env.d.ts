import type { SessionDO } from "perdure/session";
import type { RatedSession } from "./rated-session.ts";

declare global {
  /** The bindings of `wrangler.jsonc`. */
  interface Env {
    readonly SESSION_DO: DurableObjectNamespace<SessionDO>;
    readonly RATED_SESSION_DO: DurableObjectNamespace<RatedSession>;
  }
}
