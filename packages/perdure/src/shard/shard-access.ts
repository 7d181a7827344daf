/** Who may use which function of which shard: decided by the Worker, before any object is reached. */

import type { TokenReference } from "../protocol/index.ts";
import { PerdureError } from "../protocol/index.ts";
import { ROOT_SHARD_NAME } from "./rpc.ts";
import type { ShardFunctions, ShardIdentity } from "./shard-functions.ts";

/** Longest name of a shard, and longest subject, in UTF-16 units. */
const MAX_NAME_LENGTH = 256;

/** Who asks, as `tokenAuthenticator` and `createAuth` of `perdure/auth` know it. */
export interface ShardLogin {
  /** 1 to 256 UTF-16 units. */
  readonly subject: string;
  /** Milliseconds since 1970 after which the socket is closed; null or missing: never. No part of the identity. */
  readonly expiresAt?: number | null | undefined;
  /** The token or auth session that lets the caller in: its sockets are closed when that is revoked. No part of the identity. */
  readonly token?: TokenReference | undefined;
}

/** Who asks, as `authenticate` found. What is beside the fields of a login is part of the identity that handlers get. */
export type ShardCaller = ShardLogin | (ShardLogin & ShardIdentity);

/** What `authorize` is asked about. */
export interface ShardAccess {
  /** null: nobody in particular. */
  readonly identity: ShardIdentity | null;
  /** The shard's name; `ROOT_SHARD_NAME` is the root's. */
  readonly shard: string;
  /** Such as `queries.tasks`. */
  readonly function: string;
}

/** Says whether a function of a shard may be used. */
export type Authorize<Env> = (access: ShardAccess, env: Env) => boolean | Promise<boolean>;

/** The identity that handlers get. It says nothing of the login: a query answers the same after the next one. */
export function identityOf(caller: ShardCaller | null): ShardIdentity | null {
  if (caller === null) return null;
  const { expiresAt: _expiresAt, token: _token, ...identity } = caller;
  checkName(identity.subject, "A subject");
  return identity;
}

/** Throws `forbidden` where this function of this shard may not be used. Without `authorize`, that is in every shard but the root. */
export async function checkAccess<Env>(
  authorize: Authorize<Env> | undefined,
  access: ShardAccess,
  env: Env,
): Promise<void> {
  if (!(await isOpen(authorize, access, env)))
    throw new PerdureError(
      "forbidden",
      authorize === undefined
        ? "Only the root shard is open: say who may use which with `authorize` of `shardRoutes`."
        : `${access.function} of this shard is not open to this caller.`,
    );
}

async function isOpen<Env>(
  authorize: Authorize<Env> | undefined,
  access: ShardAccess,
  env: Env,
): Promise<boolean> {
  return authorize === undefined ? access.shard === ROOT_SHARD_NAME : authorize(access, env);
}

/**
 * The functions that a socket may use.
 *
 * @returns undefined for all.
 * @throws PerdureError `forbidden` where it may use none.
 */
export async function openFunctions<Env>(
  authorize: Authorize<Env> | undefined,
  { functions, ...access }: Omit<ShardAccess, "function"> & { readonly functions: ShardFunctions },
  env: Env,
): Promise<readonly string[] | undefined> {
  const paths = [
    ...Object.keys(functions.queries).map((name) => `queries.${name}`),
    ...Object.keys(functions.mutations).map((name) => `mutations.${name}`),
  ];
  const answers = await Promise.all(
    paths.map((path) => isOpen(authorize, { ...access, function: path }, env)),
  );
  const open = paths.filter((_path, index) => answers[index]);
  if (open.length === 0)
    throw new PerdureError("forbidden", "No function of this shard is open to this caller.");
  return open.length === paths.length ? undefined : open;
}

/** Throws `bad_request` where a shard or a subject cannot have this name. */
export function checkName(name: unknown, what: string): asserts name is string {
  if (typeof name !== "string" || name === "" || name.length > MAX_NAME_LENGTH)
    throw new PerdureError("bad_request", `${what} has 1 to ${MAX_NAME_LENGTH} characters.`);
}
