import type { SessionDO, SessionIndexDO } from "../src/session/index.ts";
import type { CounterDO } from "./worker.ts";

declare global {
  namespace Cloudflare {
    /** The bindings of `wrangler.jsonc` beside this file. */
    interface Env {
      COUNTER: DurableObjectNamespace<CounterDO>;
      SESSION_DO: DurableObjectNamespace<SessionDO>;
      SESSION_INDEX: DurableObjectNamespace<SessionIndexDO>;
    }
  }
}
