/** Who connects: from a request to the meta that names the object. */

import type { Connection } from "../object/index.ts";
import { problemResponse } from "../object/index.ts";
import {
  isObject,
  MAX_CONNECTION_META_BYTES,
  MAX_USER_ID_LENGTH,
  PerdureError,
} from "../protocol/index.ts";
import type { ConnectionMeta } from "./context.ts";
import type { ConnectionIdentity, ConnectionBehaviour } from "./definition.ts";

/** What an app says about who connects. */
type Extraction<Meta extends ConnectionMeta, Env> = Pick<
  ConnectionBehaviour<Meta, Env>,
  "extractMeta"
>;

/**
 * Asks the app who connects. A response is the app's own answer.
 *
 * @throws PerdureError `unauthorized` where nobody does, what the app throws as one, `bad_request` and `too_large` for meta that is
 * none.
 */
export async function connectionFor<Meta extends ConnectionMeta, Env>(
  options: Extraction<Meta, Env>,
  request: Request,
  env: Env,
  identity: ConnectionIdentity | null,
): Promise<(Connection & { readonly meta: ConnectionMeta }) | Response> {
  const meta = await extracted(options, request, env, identity);
  if (meta instanceof Response) return meta;
  if (meta === null || meta === undefined)
    throw new PerdureError("unauthorized", "Nobody is logged in; log in, and connect again.");
  return {
    kind: "connection",
    role: "participant",
    subject: checkMeta(meta).userId,
    expiresAt: identity?.expiresAt ?? null,
    ...(identity?.token === undefined ? {} : { token: identity.token }),
    meta,
  };
}

async function extracted<Meta extends ConnectionMeta, Env>(
  options: Extraction<Meta, Env>,
  request: Request,
  env: Env,
  identity: ConnectionIdentity | null,
): Promise<ConnectionMeta | Response | null | undefined> {
  if (options.extractMeta === undefined) return metaOf(identity);
  try {
    return await options.extractMeta(request, env, identity);
  } catch (error) {
    if (error instanceof Response) return error;
    if (error instanceof PerdureError) return problemResponse(error);
    // What it says may hold what it was asked about.
    throw new PerdureError(
      "unauthorized",
      "The connection was refused; log in, and connect again.",
    );
  }
}

/** Who was authenticated, else somebody new. */
function metaOf(identity: ConnectionIdentity | null): ConnectionMeta {
  return {
    userId: identity?.subject ?? `anonymous:${crypto.randomUUID()}`,
    clientId: crypto.randomUUID(),
    channels: ["default"],
  };
}

/** Throws where something is no meta. */
function checkMeta(meta: unknown): ConnectionMeta {
  if (!isMeta(meta))
    throw new PerdureError(
      "bad_request",
      `extractMeta: userId has 1 to ${MAX_USER_ID_LENGTH} characters, clientId is a string, channels a list of strings.`,
    );
  const bytes = new TextEncoder().encode(JSON.stringify(meta)).length;
  if (bytes > MAX_CONNECTION_META_BYTES)
    throw new PerdureError(
      "too_large",
      `extractMeta: meta has at most ${MAX_CONNECTION_META_BYTES} bytes, not ${bytes}.`,
    );
  return meta;
}

/** Throws `not_found` where a request asks for another path than that of sockets. */
export function checkPath({ url }: Request, websocketPath: string): void {
  if (new URL(url).pathname !== websocketPath)
    throw new PerdureError("not_found", `Nothing is at this path; connect to ${websocketPath}.`);
}

/** The answer to a plain request where a socket belongs. */
export const upgradeRequired = (): PerdureError =>
  new PerdureError("upgrade_required", "This path is a WebSocket; connect with one.");

/** Whether a value is the meta of a connection. */
export function isMeta(meta: unknown): meta is ConnectionMeta {
  if (!isObject(meta)) return false;
  const { userId, clientId, channels } = meta;
  return (
    typeof userId === "string" &&
    userId !== "" &&
    userId.length <= MAX_USER_ID_LENGTH &&
    typeof clientId === "string" &&
    Array.isArray(channels) &&
    channels.every((channel) => typeof channel === "string")
  );
}
