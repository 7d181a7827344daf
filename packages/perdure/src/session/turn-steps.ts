/** What a turn of the object's own must not do twice: results of its steps and answers to its questions, until it ends. */

import type { Migration, Sql, SqlRow } from "../object/index.ts";
import { PerdureError } from "../protocol/index.ts";

/** The table of steps: one row each, and none once the turn has ended. */
export const TURN_STEP_MIGRATIONS: readonly Migration[] = [
  {
    version: 1,
    name: "turn steps",
    up: `CREATE TABLE turn_steps (
      turn TEXT NOT NULL, name TEXT NOT NULL, result TEXT NOT NULL, PRIMARY KEY (turn, name)
    ) WITHOUT ROWID`,
  },
];

/** A row of `turn_steps`. `result` is JSON. */
export interface TurnStepRow extends SqlRow {
  turn: string;
  name: string;
  result: string;
}

/** Most UTF-16 units of a result: three bytes each still make less than 1 MB. */
export const MAX_STEP_LENGTH = 256 * 1024;

/** What a step's result is stored as. Throws `too_large`, and `bad_request` for what is no JSON. */
export function encodeResult(name: string, result: unknown): string {
  const json = JSON.stringify(result ?? null) as string | undefined;
  if (json === undefined)
    throw new PerdureError(
      "bad_request",
      `The result of the step "${name}" is no JSON; return data.`,
    );
  if (json.length > MAX_STEP_LENGTH)
    throw new PerdureError(
      "too_large",
      `The result of the step "${name}" has more than ${MAX_STEP_LENGTH} characters; store it elsewhere and return where.`,
    );
  return json;
}

/** The steps of all turns. */
export class TurnSteps {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** The stored JSON; undefined where the turn has not finished a step of this name. */
  find(turn: string, name: string): string | undefined {
    return this.#sql.run<TurnStepRow>(
      "SELECT turn, name, result FROM turn_steps WHERE turn = ? AND name = ?",
      turn,
      name,
    )[0]?.result;
  }

  /** Stores a result. Call it in a transaction. */
  put(turn: string, name: string, result: string): void {
    this.#sql.run(
      "INSERT OR REPLACE INTO turn_steps (turn, name, result) VALUES (?, ?, ?)",
      turn,
      name,
      result,
    );
  }

  /** A turn has ended: it was the only one that ran. */
  forget(): void {
    this.#sql.run("DELETE FROM turn_steps");
  }
}
