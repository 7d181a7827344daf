/** The shard's commits: one total order, and what the newest of them changed for live queries. One row each, or none at all. */

import type { Sql } from "../object/index.ts";
import type { QueryChange } from "../protocol/index.ts";

/** How much of the log is kept. */
export interface LogLimits {
  /** Commits that are kept at least, and half of what are kept at most. */
  readonly logCommits: number;
  /** The same in UTF-16 units. */
  readonly logUnits: number;
}

/**
 * What becomes of a shard's commits. `stored`: each is a row, so that positions are without gaps, and whoever comes back gets what it
 * missed. `memory`: none is; positions have gaps, and whoever comes back after the object has lost its memory gets the result anew.
 */
export type ShardHistory = "stored" | "memory";

/** What a commit changed for one live query, as JSON of a `QueryChange`. */
export interface StoredChange {
  readonly queryId: number;
  readonly position: number;
  readonly text: string;
}

interface Kept {
  readonly position: number;
  readonly units: number;
}

/** The newest commits. */
export class CommitLog {
  /** undefined where no commit is stored. */
  readonly #sql: Sql | undefined;
  readonly #limits: LogLimits;
  /** Those that are stored, oldest first. */
  #kept: Kept[];
  #units: number;
  /** What each of them changed, from the first question on. */
  #changes: Map<number, ReadonlyMap<number, string>> | undefined;

  /** @param from The position to go on from where no commit is stored: past all of earlier memories. */
  constructor(sql: Sql, limits: LogLimits, from?: number) {
    this.#sql = from === undefined ? sql : undefined;
    this.#changes = from === undefined ? undefined : new Map();
    this.#limits = limits;
    this.#kept =
      from === undefined
        ? sql.run<{ position: number; units: number }>(
            "SELECT position, length(changes) AS units FROM perdure_commits ORDER BY position",
          )
        : [{ position: from, units: 0 }];
    this.#units = this.#kept.reduce((sum, { units }) => sum + units, 0);
  }

  /** Whether commits outlive the object's memory. */
  get isStored(): boolean {
    return this.#sql !== undefined;
  }

  /** The position of the last commit; 0 before the first. */
  get head(): number {
    return this.#kept.at(-1)?.position ?? 0;
  }

  /** The position before the first commit that is kept. */
  get floor(): number {
    return (this.#kept[0]?.position ?? 1) - 1;
  }

  /** What commits after a position changed for a query, oldest first, as far as they are kept. */
  changesAfter(position: number, queryId: number): readonly StoredChange[] {
    const changes = (this.#changes ??= this.#read());
    const found: StoredChange[] = [];
    for (let at = Math.max(position, this.floor) + 1; at <= this.head; at += 1) {
      const text = changes.get(at)?.get(queryId);
      if (text !== undefined) found.push({ queryId, position: at, text });
    }
    return found;
  }

  /** Where each query that a commit up to a position has changed was changed last by one of these. */
  lastChangesUpTo(position: number): ReadonlyMap<number, number> {
    const changes = (this.#changes ??= this.#read());
    const last = new Map<number, number>();
    for (let at = this.floor + 1; at <= position; at += 1)
      for (const queryId of changes.get(at)?.keys() ?? []) last.set(queryId, at);
    return last;
  }

  /** Stores the next commit. In its transaction; memory follows with `keep` when that stands. @returns Its UTF-16 units. */
  store(position: number, changes: readonly StoredChange[]): number {
    const text = textOf(changes);
    this.#sql?.run("INSERT INTO perdure_commits (position, changes) VALUES (?, ?)", position, text);
    return text.length;
  }

  /** The commit that `store` has stored stands. @param units As that answered. */
  keep(position: number, changes: readonly StoredChange[], units: number): void {
    this.#kept.push({ position, units });
    this.#units += units;
    this.#changes?.set(position, new Map(changes.map(({ queryId, text }) => [queryId, text])));
  }

  /** Up to where the log should be forgotten; undefined while it is within its limits. The last commit stays. */
  get excess(): number | undefined {
    const { logCommits: commits, logUnits: units } = this.#limits;
    if (this.#kept.length <= 2 * commits && this.#units <= 2 * units) return undefined;
    let left = this.#units;
    let index = 0;
    while (index < this.#kept.length - 1 && (this.#kept.length - index > commits || left > units)) {
      left -= this.#kept[index]?.units ?? 0;
      index += 1;
    }
    return this.#kept[index - 1]?.position;
  }

  /** Forgets commits up to a position. In a transaction of its own: memory follows at once. */
  forget(upTo: number): void {
    this.#sql?.run("DELETE FROM perdure_commits WHERE position <= ?", upTo);
    const gone = this.#kept.filter(({ position }) => position <= upTo);
    for (const { position, units } of gone) {
      this.#units -= units;
      this.#changes?.delete(position);
    }
    this.#kept = this.#kept.slice(gone.length);
  }

  #read(): Map<number, ReadonlyMap<number, string>> {
    const rows =
      this.#sql?.run<{ position: number; changes: string }>(
        "SELECT position, changes FROM perdure_commits ORDER BY position",
      ) ?? [];
    return new Map(
      rows.map(({ position, changes }) => {
        const parsed = JSON.parse(changes) as readonly [number, QueryChange][];
        return [position, new Map(parsed.map(([id, change]) => [id, JSON.stringify(change)]))];
      }),
    );
  }
}

function textOf(changes: readonly StoredChange[]): string {
  return `[${changes.map(({ queryId, text }) => `[${queryId},${text}]`).join(",")}]`;
}
