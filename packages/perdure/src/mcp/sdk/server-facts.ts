/** What a server of the SDK learns in one request and must know in the next: it is kept with the session, and told to each new server. */

import type { JSONRPCRequest } from "@modelcontextprotocol/sdk/types.js";
import type { ClientFacts } from "../kept-session.ts";
import type { SessionRpc } from "../rpc.ts";

/** Keeps what a request has changed that a server has answered; what `initialize` says began the session. */
export async function keepFacts(
  { method, params = {} }: JSONRPCRequest,
  call: <T>(work: (session: SessionRpc) => Promise<T>) => Promise<T>,
): Promise<void> {
  const { level, uri } = params;
  if (method === "logging/setLevel" && typeof level === "string")
    await call((session) => session.say({ logLevel: level }));
  if (typeof uri !== "string") return;
  if (method === "resources/subscribe") await call((session) => session.followUri(uri));
  if (method === "resources/unsubscribe") await call((session) => session.unfollowUri(uri));
}

/** What the client said when it initialized the session, for a new server. */
export function initializeParams(facts: ClientFacts): object {
  const { protocolVersion, clientInfo, clientCapabilities: capabilities } = facts;
  return { protocolVersion, clientInfo, capabilities };
}
