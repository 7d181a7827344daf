/** Which object has what: the role of a `SyncLayer` is in its name. */

import { digestOf } from "../object/index.ts";

/** Registries: each has a part of the sessions, and of the URIs that they follow. Another number would look for them elsewhere. */
export const REGISTRY_SHARDS = 4;

/** What one `SyncLayer` is. */
export type Place =
  | { readonly role: "session" | "handle"; readonly id: string }
  | { readonly role: "registry"; readonly shard: number };

/** The name of the object of a session. */
export function sessionName(id: string): string {
  return `session:${id}`;
}

/** The name of the object of a handle. */
export function handleName(id: string): string {
  return `handle:${id}`;
}

/** The name of a registry, from 0 to `REGISTRY_SHARDS` - 1. */
export function registryName(shard: number): string {
  return `registry:${shard}`;
}

/** The names of all registries. */
export const REGISTRY_NAMES: readonly string[] = Array.from(
  { length: REGISTRY_SHARDS },
  (_, shard) => registryName(shard),
);

/** The registry that has a session, by its id, or the followers of a URI. */
export function registryOf(key: string): number {
  return Number.parseInt(digestOf(key).slice(0, 8), 16) % REGISTRY_SHARDS;
}

/** What the object of this name is; undefined where it is nothing of ours. */
export function placeOf(name: string | undefined): Place | undefined {
  const [, role, id] = /^(session|handle|registry):(.+)$/s.exec(name ?? "") ?? [];
  if (id === undefined) return undefined;
  if (role === "session" || role === "handle") return { role, id };
  const shard = Number(id);
  return Number.isInteger(shard) && shard >= 0 && shard < REGISTRY_SHARDS
    ? { role: "registry", shard }
    : undefined;
}
