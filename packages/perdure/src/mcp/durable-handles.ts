/** Handles over the objects of a binding. */

import { env } from "cloudflare:workers";
import { callObject, namespaceOf, systemClock } from "../object/index.ts";
import { Handles } from "./handle-client.ts";
import type { HandleRpc } from "./handle-rpc.ts";
import { handleName, registryName } from "./placement.ts";

/** What of an object handles need. */
type HandleStub = HandleRpc & { secret(): Promise<string> };

/** How handles are signed. */
export interface HandlesOptions {
  /** Signs handles: 32 bytes or more. Default: one that is made once and kept in the objects themselves. */
  readonly secret?: string | undefined;
}

/**
 * The handle store of a stateless MCP server (the 2026 revision has no sessions): state, tasks and input, each handle in an object of its
 * own. Made once, outside of requests.
 *
 * @param binding The binding of `SyncLayer`; looked for when it is first needed, and each method throws `broken` with the lines to
 *   add where it is missing.
 */
export function handles(binding = "TMCP_DURABLE_OBJECT", options: HandlesOptions = {}): Handles {
  const objects = () => namespaceOf<HandleStub>(env, binding, "SyncLayer");
  let { secret } = options;
  return new Handles({
    clock: systemClock,
    secret: async () => {
      secret ??= await callObject(objects(), registryName(0), (registry) => registry.secret());
      return secret;
    },
    use: (handle, subject, call) =>
      callObject(objects(), handleName(handle), (object) => object.useHandle(subject, call)),
  });
}
