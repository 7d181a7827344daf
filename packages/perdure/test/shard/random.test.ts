import { expect, test } from "vitest";
import { NodeSql } from "../support/node-sql.ts";
import { randomRun } from "./random-run.ts";

test.each([1, 2, 3, 4])(
  "Z18 after each of 700 random commits, with memory lost and subscribers that come and go, every view is what a fresh run answers: seed %i",
  (seed) => {
    const { wrong, misplaced, thrown, starts, runs } = randomRun(new NodeSql(), seed, 700);
    expect(wrong).toEqual([]);
    expect(misplaced).toEqual([]);
    expect(thrown).toEqual(["Error: undone"]);
    // The run must have seen all of it.
    expect(Math.min(starts.seed, starts.changes, starts.reset)).toBeGreaterThan(4);
    expect(runs.done).toBeLessThan(runs.possible / 2);
  },
);

test.each([1, 2])(
  "Z30 a shard that stores no commit keeps every view as exact, over lost memory too: seed %i",
  (seed) => {
    const sql = new NodeSql();
    const { wrong, misplaced, thrown, starts } = randomRun(sql, seed, 500, "memory");
    expect(wrong).toEqual([]);
    expect(misplaced).toEqual([]);
    expect(thrown).toEqual(["Error: undone"]);
    expect(Math.min(starts.seed, starts.changes, starts.reset)).toBeGreaterThan(4);
    expect(sql.run("SELECT * FROM perdure_commits")).toEqual([]);
  },
);
