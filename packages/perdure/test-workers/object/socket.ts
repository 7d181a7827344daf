import type { Connection } from "../../src/object/index.ts";
import { upgradeRequest } from "../../src/object/index.ts";

/** The client's end of a socket, with what has arrived. */
export interface OpenSocket {
  readonly socket: WebSocket;
  readonly texts: readonly string[];
  /** Settles when the closing handshake is complete. */
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;
}

/** Whoever connects where a test does not say. */
export const READER: Connection = {
  kind: "reader",
  role: "participant",
  subject: "ada",
  expiresAt: null,
};

/** Opens a socket on an object, as a Worker would. */
export async function openSocket(
  stub: Pick<Fetcher, "fetch">,
  change: Partial<Connection> = {},
): Promise<OpenSocket> {
  const { webSocket, status } = await stub.fetch(upgradeRequest({ ...READER, ...change }));
  if (webSocket === null) throw new Error(`The upgrade was answered with ${status}.`);
  const texts: string[] = [];
  const closed = Promise.withResolvers<{ code: number; reason: string }>();
  webSocket.addEventListener("message", ({ data }) => {
    texts.push(String(data));
  });
  webSocket.addEventListener("close", ({ code, reason }) => {
    closed.resolve({ code, reason });
  });
  webSocket.accept();
  return { socket: webSocket, texts, closed: closed.promise };
}

/** The code and status of a problem document. */
export async function problemIn(response: Response): Promise<readonly [number, unknown]> {
  const body: unknown = await response.json();
  return [
    response.status,
    typeof body === "object" && body !== null && "code" in body && body.code,
  ];
}
