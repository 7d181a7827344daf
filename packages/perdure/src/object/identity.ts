/** Who is on the other side: decided by the Worker, carried to the object, kept in the socket's attachment. */

import type { Identity, Role, TokenReference } from "../protocol/index.ts";
import { isObject, PerdureError } from "../protocol/index.ts";

export type { Identity } from "../protocol/index.ts";

/**
 * What a socket is for. `reader`: gets events as they happen. `dialect`: gets durable events only, for a protocol that
 * cannot take an event back. `runner`: writes events. `connection`: a user's, of `perdure/connection`. `shard`: a client's of `perdure/shard`. `mcp`: a stream's of `perdure/mcp`.
 */
export type ConnectionKind = "reader" | "dialect" | "runner" | "connection" | "shard" | "mcp";

/** An identity with the kind of connection that it opens. */
export interface Connection extends Identity {
  /** Decided by the Worker, by the route. */
  readonly kind: ConnectionKind;
  /** Connections of `perdure/connection`, `perdure/shard` and `perdure/mcp`: what is kept with the socket, as JSON. */
  readonly meta?: object | undefined;
}

/** Where a Worker sends an upgrade. No request from outside has this address: its host is the name of a site. */
const SOCKET_URL = "https://object.perdure.internal/socket";

/**
 * The one header that a Worker puts on the request that it builds for an upgrade. The object trusts it at one
 * address only, which no request from outside has: one that a client wrote into a request that is forwarded as it came says nothing.
 */
export const CONNECTION_HEADER = "x-perdure-connection";

const ROLES: readonly Role[] = ["viewer", "participant", "runner", "admin"];
const KINDS: readonly ConnectionKind[] = [
  "reader",
  "dialect",
  "runner",
  "connection",
  "shard",
  "mcp",
];

/** A request that opens a socket on an object: built anew, with no header of the client's. */
export function upgradeRequest(connection: Connection): Request {
  return new Request(SOCKET_URL, {
    headers: {
      upgrade: "websocket",
      [CONNECTION_HEADER]: encodeURIComponent(JSON.stringify(connection)),
    },
  });
}

/** Whether a request comes from a Worker's `upgradeRequest`. */
export function isUpgradeRequest(request: Request): boolean {
  return request.url === SOCKET_URL;
}

/** Reads the connection header. Throws `unauthorized` where there is none or it makes no sense. */
export function connectionOf(request: Request): Connection {
  const header = isUpgradeRequest(request) ? request.headers.get(CONNECTION_HEADER) : null;
  const parsed = header === null ? undefined : parseConnection(header);
  if (parsed === undefined)
    throw new PerdureError(
      "unauthorized",
      "The request carries no identity; connect through the Worker's routes.",
    );
  return parsed;
}

function parseConnection(header: string): Connection | undefined {
  const value = decode(header);
  if (!isObject(value)) return undefined;
  const role = ROLES.find((one) => one === value["role"]);
  const kind = KINDS.find((one) => one === value["kind"]);
  const { subject, expiresAt, token, meta } = value;
  if (role === undefined || kind === undefined || typeof subject !== "string") return undefined;
  // Whoever does not say that a connection never expires must say when it does.
  if (expiresAt !== null && !Number.isFinite(expiresAt)) return undefined;
  return {
    subject,
    role,
    kind,
    expiresAt: typeof expiresAt === "number" ? expiresAt : null,
    ...(isTokenReference(token) ? { token } : {}),
    ...(isObject(meta) ? { meta } : {}),
  };
}

function isTokenReference(value: unknown): value is TokenReference {
  return (
    isObject(value) && typeof value["id"] === "string" && typeof value["issuedAt"] === "number"
  );
}

function decode(header: string): unknown {
  try {
    return JSON.parse(decodeURIComponent(header));
  } catch {
    return undefined;
  }
}
