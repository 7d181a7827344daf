/** Opening a socket on an object, from a Worker or from another object. */

import type { Connection } from "./identity.ts";
import { upgradeRequest } from "./identity.ts";
import { isErrorCode, isObject, PerdureError } from "../protocol/index.ts";

/** An object that answers upgrades: the stub of a Durable Object. */
export interface SocketHost {
  fetch(request: Request): Promise<Response>;
}

/**
 * Opens a socket with a request that is built anew and carries no header of the client's. The socket is not accepted yet.
 * Throws the problem that the object answers with, or `unavailable` where the answer makes no sense.
 */
export async function openObjectSocket(
  host: SocketHost,
  connection: Connection,
): Promise<WebSocket> {
  const response = await host.fetch(upgradeRequest(connection));
  if (response.webSocket !== null) return response.webSocket;
  throw problemIn(await response.text());
}

/** The problem document that an object answered an upgrade with; facts of the code stand beside its standard members. */
function problemIn(body: string): PerdureError {
  const { code, detail, type: _type, title: _title, status: _status, ...extra } = parseBody(body);
  if (!isErrorCode(code) || typeof detail !== "string")
    return new PerdureError("unavailable", "The session did not open a socket: try again.");
  return new PerdureError(code, detail, Object.keys(extra).length === 0 ? undefined : extra);
}

function parseBody(body: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(body);
    return isObject(value) ? value : {};
  } catch {
    return {};
  }
}
