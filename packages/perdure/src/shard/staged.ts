/** What a commit comes to for live queries, before it stands. */

import type { StoredChange } from "./commit-log.ts";
import type { Footprint } from "./footprint.ts";
import type { LiveQuery } from "./query-table.ts";
import type { Result, ResultDigest } from "./result.ts";
import { changeBetween } from "./result.ts";

/** A run whose outcome is stored with a commit. */
export interface StagedRun {
  readonly query: LiveQuery;
  readonly footprint: Footprint;
  readonly result: Result;
  readonly isFailed: boolean;
}

/** What a commit came to for the queries that it concerns. */
export interface Staged {
  readonly position: number;
  readonly changes: readonly StoredChange[];
  /** Those of them that are stored for who comes back. */
  readonly logged: readonly StoredChange[];
  /** Their UTF-16 units, as stored. */
  readonly units: number;
  readonly runs: readonly StagedRun[];
  /** Those whose changes are not stored. */
  readonly unlogged: readonly StagedRun[];
  /** Queries that nobody listens to: they run when somebody does again. */
  readonly touched: readonly LiveQuery[];
}

/** The change to a result, as JSON of a `QueryChange`; undefined where there is none. */
export function changeTo(
  before: ResultDigest,
  result: Result,
  isFailed: boolean,
): string | undefined {
  if (!isFailed) return changeBetween(before, result);
  return before === result.digest ? undefined : result.text;
}

/** Which changes are stored: the smallest, as many as fit. */
export function withinUnits(
  changes: readonly StoredChange[],
  units: number,
): readonly StoredChange[] {
  let left = units;
  return changes
    .toSorted((a, b) => a.text.length - b.text.length)
    .filter(({ text }) => {
      left -= text.length;
      return left >= 0;
    });
}

/** Runs whose changes are not stored. */
export function unloggedRuns(
  runs: readonly StagedRun[],
  changes: readonly StoredChange[],
  logged: readonly StoredChange[],
): readonly StagedRun[] {
  if (logged.length === changes.length) return [];
  const changed = new Set(changes.map(({ queryId }) => queryId));
  for (const { queryId } of logged) changed.delete(queryId);
  return runs.filter(({ query }) => changed.has(query.id));
}
