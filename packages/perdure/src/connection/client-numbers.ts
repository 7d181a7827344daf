/** The numbers of clients' events: each has one effect, however often it is sent. */

import type { Clock, Migration, Sql } from "../object/index.ts";
import type { Problem } from "../protocol/index.ts";
import {
  MAX_NUMBERED_CLIENTS,
  MAX_REMEMBERED_REFUSALS,
  NUMBERED_CLIENT_MS,
} from "../protocol/index.ts";

/** The table of clients: one row billed for each numbered event. */
export const CONNECTION_MIGRATIONS: readonly Migration[] = [
  {
    version: 1,
    name: "clients",
    up: `CREATE TABLE connection_clients (
      client TEXT PRIMARY KEY, last INTEGER NOT NULL, refused TEXT NOT NULL, seen_at INTEGER NOT NULL
    ) WITHOUT ROWID`,
  },
];

/** An event that its client has numbered. */
export interface Numbered {
  readonly client: string;
  /** From 1. */
  readonly n: number;
}

/** Refused events of one client, by number. */
type Refusals = readonly (readonly [n: number, error: Problem])[];

/** Where clients are remembered. */
interface Tables {
  /** Whether nothing was ever written: then nothing is read, because that would. */
  readonly isBlank: boolean;
  readonly sql: Sql;
}

/** What is known of the numbers of clients. Calls belong into the transaction of the event's effect. */
export class ClientNumbers {
  readonly #tables: Tables;
  readonly #clock: Clock;

  constructor(tables: Tables, clock: Clock) {
    this.#tables = tables;
    this.#clock = clock;
  }

  /** Number of the client's last event that was handled; 0 where none was. */
  lastOf(client: string): number {
    return this.#find(client)?.last ?? 0;
  }

  /** How an event was answered, if it was: with an error, or with none. */
  answerTo({ client, n }: Numbered): { readonly error: Problem | undefined } | undefined {
    const known = this.#find(client);
    if (known === undefined || n > known.last) return undefined;
    return { error: refusalsIn(known).find(([number]) => number === n)?.[1] };
  }

  /** The event was handled, or refused. */
  remember({ client, n }: Numbered, error?: Problem): void {
    const known = this.#find(client);
    if (known === undefined) this.#forget();
    const before = known === undefined ? [] : refusalsIn(known);
    const refused: Refusals = error === undefined ? before : [...before, [n, error]];
    this.#tables.sql.run(
      "INSERT OR REPLACE INTO connection_clients (client, last, refused, seen_at) VALUES (?, ?, ?, ?)",
      client,
      Math.max(n, known?.last ?? 0),
      JSON.stringify(refused.slice(-MAX_REMEMBERED_REFUSALS)),
      this.#clock.now(),
    );
  }

  /** Looked for whenever a client is new: those who come and go make room for each other. */
  #forget(): void {
    this.#tables.sql.run(
      `DELETE FROM connection_clients WHERE seen_at < ? OR client IN
         (SELECT client FROM connection_clients ORDER BY seen_at DESC LIMIT -1 OFFSET ?)`,
      this.#clock.now() - NUMBERED_CLIENT_MS,
      MAX_NUMBERED_CLIENTS - 1,
    );
  }

  #find(client: string) {
    if (this.#tables.isBlank) return undefined;
    return this.#tables.sql.run<{ last: number; refused: string }>(
      "SELECT * FROM connection_clients WHERE client = ?",
      client,
    )[0];
  }
}

const refusalsIn = ({ refused }: { readonly refused: string }): Refusals =>
  JSON.parse(refused) as Refusals;
