import type { CounterDO } from "./worker.ts";

declare global {
  namespace Cloudflare {
    /** The bindings of `wrangler.jsonc` beside this file. */
    interface Env {
      COUNTER: DurableObjectNamespace<CounterDO>;
    }
  }
}
