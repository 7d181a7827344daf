/** Exactly-once commands: an id, what it asks (or a digest of that), and the reply, kept in the transaction of the effect. */

import type { CommandResult, Problem } from "../protocol/index.ts";
import { ERROR_STATUS, PerdureError } from "../protocol/index.ts";
import type { Clock } from "./clock.ts";
import { canonicalJson, digestOf } from "./digest.ts";
import type { Migration } from "./migrations.ts";
import type { Sql } from "./sql.ts";

/**
 * How long an id that carries its time (a UUIDv7, RFC 9562 §5.7) is remembered. An older one gets `command_expired`.
 * Any other id is remembered for the life of the object.
 */
export const COMMAND_WINDOW_MS = 30 * 24 * 60 * 60 * 1000;

/** How far a UUIDv7 may be ahead of the object's clock: within it a wrong clock does no harm. */
const CLOCK_SKEW_MS = 24 * 60 * 60 * 1000;

/** A command of at most this many UTF-16 units is kept as it came: to digest it would take longer than all else that is done. */
const LONGEST_PLAIN = 512;

/** How often expired ids are looked for. */
const PRUNE_INTERVAL_MS = 60 * 60 * 1000;

/** Rows that one pruning deletes at most. */
const PRUNE_LIMIT = 500;

/** The table of commands. One row each, one row billed. */
export const COMMAND_MIGRATIONS: readonly Migration[] = [
  {
    version: 1,
    name: "commands",
    up: `CREATE TABLE commands (
      id TEXT PRIMARY KEY, sender TEXT NOT NULL, digest TEXT NOT NULL, reply TEXT NOT NULL, issued_at INTEGER
    ) WITHOUT ROWID`,
  },
];

/** What a command was answered with, as it is kept. */
export type StoredReply<Result = CommandResult> =
  | { readonly ok: true; readonly result: Result }
  | { readonly ok: false; readonly error: Problem };

/** The commands of one object. */
export class Commands {
  readonly #sql: Sql;
  readonly #clock: Clock;
  #prunedAt = 0;

  constructor(sql: Sql, clock: Clock) {
    this.#sql = sql;
    this.#clock = clock;
  }

  /**
   * Runs `effect` unless this id has had it; answers the stored reply if so. Throws `id_reused` when the id was used by
   * another sender or for another command, and `command_expired` when the id is older than the window. A problem that
   * `effect` throws as a `PerdureError` may be a reply too, which is to be stored once what `effect` did is undone: call
   * this inside a transaction, and `storeRefusal` in the next with what this throws.
   */
  once<Result = CommandResult>(
    id: string,
    sender: string,
    command: object,
    effect: () => StoredReply<Result> & { ok: true },
  ): StoredReply<Result> {
    const known = this.#find(id);
    if (known !== undefined) {
      if (!standsFor(known.digest, sender, command))
        throw new PerdureError(
          "id_reused",
          "This id was used for another command; send the new one under a new id.",
        );
      return JSON.parse(known.reply) as StoredReply<Result>;
    }
    const issuedAt = timeOf(id);
    this.#refuseOutsideWindow(issuedAt);
    const remember = (reply: StoredReply<Result>) => {
      this.#sql.run(
        "INSERT INTO commands (id, sender, digest, reply, issued_at) VALUES (?, ?, ?, ?, ?)",
        id,
        sender,
        recordOf(sender, command),
        JSON.stringify(reply),
        issuedAt ?? null,
      );
      this.#prune();
      return reply;
    };
    try {
      return remember(effect());
    } catch (error) {
      if (error instanceof PerdureError && isStable(error))
        throw new Refusal(() => remember({ ok: false, error: error.toProblem() }));
      throw error;
    }
  }

  /** The position that the command of this id was answered with, where it is remembered and succeeded. */
  positionOf(id: string): number | undefined {
    const known = this.#find(id);
    const reply = known === undefined ? undefined : (JSON.parse(known.reply) as StoredReply);
    return reply?.ok === true ? reply.result.position : undefined;
  }

  #find(id: string) {
    return this.#sql.run<{ digest: string; reply: string }>(
      "SELECT digest, reply FROM commands WHERE id = ?",
      id,
    )[0];
  }

  #refuseOutsideWindow(issuedAt: number | undefined): void {
    if (issuedAt === undefined) return;
    const now = this.#clock.now();
    if (issuedAt < now - COMMAND_WINDOW_MS)
      throw new PerdureError(
        "command_expired",
        "This id is older than the 30 days for which ids are remembered; look whether it was done before sending a new one.",
      );
    if (issuedAt > now + CLOCK_SKEW_MS)
      throw new PerdureError(
        "bad_request",
        "The time in this id is more than a day ahead; set the sender's clock.",
      );
  }

  /**
   * Forgets ids that `refuseOutsideWindow` would refuse anyway, at most once an hour unless there are very many. A UUIDv7
   * begins with its time, so those that have expired are at the front of the key, and no other row is read.
   */
  #prune(): void {
    const now = this.#clock.now();
    if (now - this.#prunedAt < PRUNE_INTERVAL_MS) return;
    const oldest = now - COMMAND_WINDOW_MS;
    const pruned = this.#sql.run(
      `DELETE FROM commands WHERE id IN
         (SELECT id FROM commands WHERE id < ? AND issued_at < ? LIMIT ?) RETURNING id`,
      beginningOf(oldest),
      oldest,
      PRUNE_LIMIT,
    );
    if (pruned.length < PRUNE_LIMIT) this.#prunedAt = now;
  }
}

/** A refusal that is a reply. It ends the transaction, so that what was done before it is undone. */
class Refusal extends Error {
  /** Stores and answers the reply. */
  readonly store: () => StoredReply<unknown>;

  constructor(store: () => StoredReply<unknown>) {
    super("A command was refused.");
    this.store = store;
  }
}

/** Stores a refusal that `Commands.once` has thrown, and answers it; throws anything else again. */
export function storeRefusal<Result = CommandResult>(error: unknown): StoredReply<Result> {
  // A refusal has no result.
  if (error instanceof Refusal) return error.store() as StoredReply<Result>;
  throw error;
}

/** What is kept of a command and its sender: both as they came, or their digest. JSON has no line breaks of its own. */
function recordOf(sender: string, command: object): string {
  const plain = `${sender}\n${JSON.stringify(command)}`;
  return plain.length <= LONGEST_PLAIN ? plain : digestOf(canonicalText(sender, command));
}

/** Whether a record is of this command. Only here, where an id has come again, does the order of keys have to be seen through. */
function standsFor(record: string, sender: string, command: object): boolean {
  const text = canonicalText(sender, command);
  const end = record.lastIndexOf("\n");
  if (end === -1) return record === digestOf(text);
  return canonicalText(record.slice(0, end), JSON.parse(record.slice(end + 1))) === text;
}

function canonicalText(sender: string, command: unknown): string {
  return `${sender}\n${canonicalJson(command)}`;
}

/** Errors that would be the same tomorrow are stored; a full queue or a fault is not, so that it can be tried again. */
function isStable(error: PerdureError): boolean {
  return [404, 409, 410].includes(ERROR_STATUS[error.code]);
}

/** The text with which a UUIDv7 of this time begins; one in capitals sorts before it. */
function beginningOf(time: number): string {
  const hex = Math.max(0, time).toString(16).padStart(12, "0");
  return `${hex.slice(0, 8)}-${hex.slice(8)}`;
}

/** The milliseconds in a UUIDv7; undefined for any other id. */
function timeOf(id: string): number | undefined {
  const match = /^([0-9a-f]{8})-([0-9a-f]{4})-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i.exec(
    id,
  );
  return match === null ? undefined : Number.parseInt(`${match[1]}${match[2]}`, 16);
}
