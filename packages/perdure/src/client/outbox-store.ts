/** Where commands wait for their replies. */

import type { Command } from "../protocol/index.ts";
import { isObject } from "../protocol/index.ts";

/** A command that is not yet answered: one of a session, or a call of a shard. */
export interface PendingCommand<C extends object = Command> {
  /** The command's id: its effect is once for each. */
  readonly id: string;
  readonly command: C;
  /** When it was given to the client, in milliseconds since 1970; no two of one client are the same. */
  readonly sentAt: number;
}

/**
 * Keeps commands until they are answered, if need be past the life of the page. A store may throw: the client then keeps
 * the command in memory alone.
 *
 * Several clients may share one. Each then also sends what the others wait for, and this needs no owner, lease or
 * heartbeat: a command has one effect and one reply however often its id arrives, so the only cost is a few more frames, and
 * what a closed page left behind is sent by whichever connects next.
 */
export interface OutboxStore<C extends object = Command> {
  /** All entries, oldest first. */
  load(): readonly PendingCommand<C>[];
  /** Adds or replaces the entry with this id. */
  put(entry: PendingCommand<C>): void;
  /** Removes an entry; an unknown id has no effect. */
  remove(id: string): void;
}

/**
 * A store in a `localStorage`: one key for each entry, so that tabs never overwrite each other's.
 *
 * @param scope What the entries belong to: the address of a session or a shard.
 */
export function storageOutboxStore<C extends object = Command>(
  storage: Storage,
  scope: string,
): OutboxStore<C> {
  const prefix = `perdure.outbox ${scope} `;
  return {
    load: () =>
      Object.entries(storage)
        .flatMap(([key, text]: [string, unknown]) => (key.startsWith(prefix) ? parse<C>(text) : []))
        .toSorted((a, b) => a.sentAt - b.sentAt),
    put: (entry) => storage.setItem(prefix + entry.id, JSON.stringify(entry)),
    remove: (id) => storage.removeItem(prefix + id),
  };
}

/** `localStorage` where there is one that may be used; elsewhere nothing outlives the client. */
export function defaultOutboxStore(scope: string): OutboxStore | undefined {
  // Node has the property too, with no file behind it unless it is told of one.
  if (typeof document === "undefined") return undefined;
  try {
    return storageOutboxStore(localStorage, scope);
  } catch {
    // Reading the property throws where the person has forbidden the site to keep anything.
    return undefined;
  }
}

/** What is no entry, such as one that a person edited, is passed over; whether it is a good one the server says. */
function parse<C extends object>(text: unknown): readonly PendingCommand<C>[] {
  try {
    const value: unknown = JSON.parse(String(text));
    return isEntry<C>(value) ? [value] : [];
  } catch {
    return [];
  }
}

function isEntry<C extends object>(value: unknown): value is PendingCommand<C> {
  return (
    isObject(value) &&
    typeof value["id"] === "string" &&
    typeof value["sentAt"] === "number" &&
    isObject(value["command"])
  );
}
