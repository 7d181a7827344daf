/** How far each producer has got: the number of its last event, for producers that are not writing now. */

import type { Migration, Sql } from "../object/index.ts";

/** The table of producers. `epoch` is the claim under which it last wrote. */
export const PRODUCER_MIGRATIONS: readonly Migration[] = [
  {
    version: 1,
    name: "producers",
    up: `CREATE TABLE producers (
      id TEXT PRIMARY KEY, epoch INTEGER NOT NULL, sequence INTEGER NOT NULL
    ) WITHOUT ROWID`,
  },
];

/**
 * The producer that writes now has its number in each row of the log, which costs nothing. When another takes over, the
 * number is kept here, so that the first finds it when it comes back.
 */
export class Producers {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** The number of the last durable event of a producer; undefined where it is unknown. */
  last(id: string): number | undefined {
    return this.#sql.run<{ sequence: number }>("SELECT sequence FROM producers WHERE id = ?", id)[0]
      ?.sequence;
  }

  /** Keeps the number of a producer that another one replaces. */
  keep(id: string, epoch: number, sequence: number): void {
    this.#sql.run(
      `INSERT INTO producers (id, epoch, sequence) VALUES (?, ?, ?)
       ON CONFLICT (id) DO UPDATE SET epoch = excluded.epoch, sequence = excluded.sequence`,
      id,
      epoch,
      sequence,
    );
  }
}
