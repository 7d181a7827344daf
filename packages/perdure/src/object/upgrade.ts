/** Requests that want to become a WebSocket. */

/** Subprotocol of Perdure's sockets: what the server selects. */
export const SUBPROTOCOL = "perdure";

/** A browser cannot set headers on a WebSocket, but it may offer a subprotocol: this prefix and a token. */
export const TOKEN_SUBPROTOCOL_PREFIX = "perdure.token.";

/** Whether a request wants to become a WebSocket. */
export function isUpgrade(request: Request): boolean {
  return request.headers.get("upgrade")?.toLowerCase() === "websocket";
}

/** The subprotocols that a client offers. */
export function offeredSubprotocols(request: Request): readonly string[] {
  const header = request.headers.get("sec-websocket-protocol") ?? "";
  return header.split(",").map((one) => one.trim());
}

/** The token among the subprotocols of an upgrade. */
export function subprotocolToken(request: Request): string | undefined {
  if (!isUpgrade(request)) return undefined;
  return offeredSubprotocols(request)
    .find((one) => one.startsWith(TOKEN_SUBPROTOCOL_PREFIX))
    ?.slice(TOKEN_SUBPROTOCOL_PREFIX.length);
}

/** Joins the client to a socket. A browser gives it up where the server selected none of the subprotocols that it offered. */
export function socketResponse(request: Request, webSocket: WebSocket): Response {
  const headers: Record<string, string> = offeredSubprotocols(request).includes(SUBPROTOCOL)
    ? { "sec-websocket-protocol": SUBPROTOCOL }
    : {};
  return new Response(null, { status: 101, webSocket, headers });
}
