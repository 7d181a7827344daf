/** What a handle, or a task of it, has asked its client, and what that has answered. */

import type { Clock, Sql } from "../object/index.ts";
import { firstRow } from "../object/index.ts";
import { MAX_ID_LENGTH, MAX_MCP_INPUTS, PerdureError } from "../protocol/index.ts";
import type { InputPlace } from "./handle-rpc.ts";

/** The inputs of one handle. Requests and results are JSON; what is equal has the same text. */
export class HandleInputs {
  readonly #sql: Sql;
  readonly #clock: Clock;
  readonly #waiting = new Set<() => void>();
  #hasEnded = false;

  constructor(sql: Sql, clock: Clock) {
    this.#sql = sql;
    this.#clock = clock;
  }

  /** Asks. The same again has no effect; another request under the same key gets `id_reused`. */
  ask({ task, key }: InputPlace, request: string): void {
    if (key.length === 0 || key.length > MAX_ID_LENGTH)
      throw new PerdureError(
        "bad_request",
        `The key of an input has 1 to ${MAX_ID_LENGTH} characters.`,
      );
    const known = this.#find({ task, key });
    if (known?.request === request) return;
    if (known !== undefined)
      throw new PerdureError("id_reused", "This key has asked for another input; use another key.");
    const [{ count } = { count: 0 }] = this.#sql.run<{ count: number }>(
      "SELECT count(*) AS count FROM mcp_inputs",
    );
    if (count >= MAX_MCP_INPUTS)
      throw new PerdureError(
        "rate_limited",
        `A handle has at most ${MAX_MCP_INPUTS} inputs: make another handle.`,
      );
    this.#sql.run(
      "INSERT INTO mcp_inputs (task, key, updated_at, request) VALUES (?, ?, ?, ?)",
      task,
      key,
      this.#clock.now(),
      request,
    );
  }

  /** Answers, once: the same again has no effect, another answer gets `already_decided`, one that was not asked for `not_found`. */
  answer(place: InputPlace, result: string): void {
    const known = this.#find(place);
    if (known === undefined)
      throw new PerdureError("not_found", "No input of this key was asked for.");
    if (known.result === result) return;
    if (known.result !== null)
      throw new PerdureError(
        "already_decided",
        "This input was answered before; the first answer counts.",
      );
    this.#sql.run(
      "UPDATE mcp_inputs SET result = ?, updated_at = ? WHERE task = ? AND key = ?",
      result,
      this.#clock.now(),
      place.task,
      place.key,
    );
    for (const look of this.#waiting) look();
  }

  /** Requests without an answer, in the order of their keys. */
  pending(task: string): Readonly<Record<string, string>> {
    return Object.fromEntries(
      this.#sql
        .run<{ key: string; request: string }>(
          "SELECT key, request FROM mcp_inputs WHERE task = ? AND result IS NULL ORDER BY key",
          task,
        )
        .map(({ key, request }) => [key, request]),
    );
  }

  /** Answers, in the order of their keys. */
  answers(task: string): Readonly<Record<string, string>> {
    return Object.fromEntries(
      this.#sql
        .run<{ key: string; result: string }>(
          "SELECT key, result FROM mcp_inputs WHERE task = ? AND result IS NOT NULL ORDER BY key",
          task,
        )
        .map(({ key, result }) => [key, result]),
    );
  }

  /** Waits for an answer, at most so many milliseconds; null where none has come. */
  async wait(place: InputPlace, forMs: number): Promise<string | null> {
    const known = this.#find(place)?.result ?? null;
    if (known !== null) return known;
    const { promise, resolve } = Promise.withResolvers<void>();
    const look = () => {
      if (this.#hasEnded || typeof this.#find(place)?.result === "string") resolve();
    };
    this.#waiting.add(look);
    const stop = this.#clock.after(forMs, resolve);
    await promise;
    stop();
    this.#waiting.delete(look);
    return this.#hasEnded ? null : (this.#find(place)?.result ?? null);
  }

  /** Storage is about to be erased: whoever waits has waited enough. */
  end(): void {
    this.#hasEnded = true;
    for (const look of this.#waiting) look();
  }

  /** When an input was last asked for or answered, in milliseconds since 1970; 0 where none was. */
  get updatedAt(): number {
    const [row] = this.#sql.run<{ at: number | null }>(
      "SELECT max(updated_at) AS at FROM mcp_inputs",
    );
    return row?.at ?? 0;
  }

  #find({
    task,
    key,
  }: InputPlace): { readonly request: string; readonly result: string | null } | undefined {
    return firstRow(
      this.#sql.run<{ request: string; result: string | null }>(
        "SELECT request, result FROM mcp_inputs WHERE task = ? AND key = ?",
        task,
        key,
      ),
    );
  }
}
