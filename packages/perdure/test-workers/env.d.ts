declare namespace Cloudflare {
  /** The bindings of `wrangler.jsonc` beside this file. */
  interface Env {
    COUNTER: DurableObjectNamespace<import("./worker.ts").CounterDO>;
  }
}
