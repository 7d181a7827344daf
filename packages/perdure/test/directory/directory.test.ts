import { expect, test } from "vitest";
import { DIRECTORY_MIGRATIONS } from "../../src/directory/directory-schema.ts";
import { Directory } from "../../src/directory/directory.ts";
import { queriesFor, sessionDirectory } from "../../src/directory/session-lines.ts";
import { COMMAND_MIGRATIONS, migrate } from "../../src/object/index.ts";
import type { ListFilter, SessionListing } from "../../src/protocol/index.ts";
import { Shard, SHARD_MIGRATIONS } from "../../src/shard/index.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { NodeSql } from "../support/node-sql.ts";

const MINUTE = 60_000;

const SCHEMAS = [
  { owner: "commands", migrations: COMMAND_MIGRATIONS },
  { owner: "shard", migrations: SHARD_MIGRATIONS },
  { owner: "session-index", migrations: DIRECTORY_MIGRATIONS },
];

function directoryOf(sql: NodeSql, clock = new FakeClock()): Directory {
  migrate(sql, SCHEMAS);
  const shard = new Shard({ sql, clock, functions: sessionDirectory, history: "memory" });
  return new Directory(shard, clock);
}

function newDirectory() {
  const sql = new NodeSql();
  const clock = new FakeClock();
  return { sql, clock, directory: directoryOf(sql, clock) };
}

const line = (
  id: string,
  updatedAt: number,
  change: Partial<SessionListing> = {},
): SessionListing => ({
  id,
  title: null,
  lifecycle: "active",
  status: "idle",
  createdAt: 1,
  updatedAt,
  ...change,
});

/** The ids of all pages of so many lines. */
function pagesOf(directory: Directory, limit: number, filter: ListFilter = {}): string[][] {
  const pages: string[][] = [];
  let before: string | undefined;
  do {
    const page = directory.page({ limit, before, ...filter });
    pages.push(page.sessions.map(({ id }) => id));
    before = page.next ?? undefined;
  } while (before !== undefined);
  return pages;
}

test("I3 an older version of a line, or the same again, has no effect", () => {
  const { sql, directory } = newDirectory();
  expect(directory.upsert(line("s", 20, { title: "newer" }), 7)).toBe(true);
  const { written } = sql.counts;
  expect(directory.upsert(line("s", 30, { title: "older" }), 6)).toBe(false);
  expect(directory.upsert(line("s", 30, { title: "the same" }), 7)).toBe(false);
  expect(sql.counts.written).toBe(written);
  expect(directory.page().sessions).toEqual([line("s", 20, { title: "newer" })]);
  expect(directory.upsert(line("s", 40, { title: "newest" }), 8)).toBe(true);
  expect(directory.page().sessions).toEqual([line("s", 40, { title: "newest" })]);
});

test("I4 what is still told of an erased session has no effect; one that is created later is listed", () => {
  const { directory, clock } = newDirectory();
  directory.upsert(line("s", 20), 7);
  expect(directory.remove({ id: "s", createdAt: 1 })).toBe(true);
  expect(directory.upsert(line("s", 30), 8)).toBe(false);
  expect(directory.page().sessions).toEqual([]);
  const reborn = line("s", 60, { createdAt: 50 });
  expect(directory.upsert(reborn, 1)).toBe(true);
  // The same removal once more, late.
  expect(directory.remove({ id: "s", createdAt: 1 })).toBe(false);
  expect(directory.page().sessions).toEqual([reborn]);
  clock.advance(48 * 60 * MINUTE);
  directory.remove({ id: "other", createdAt: 1 });
  expect(directory.upsert(line("s", 70), 9)).toBe(false);
});

test("I4 a removal that comes before the line that it removes keeps it away", () => {
  const { directory } = newDirectory();
  expect(directory.remove({ id: "s", createdAt: 1 })).toBe(false);
  expect(directory.upsert(line("s", 20), 7)).toBe(false);
  expect(directory.page().sessions).toEqual([]);
});

test("I5 pages have the last change first, to the minute, without gaps or repeats", () => {
  const { directory } = newDirectory();
  for (let n = 0; n < 7; n += 1) directory.upsert(line(`s${n}`, n < 4 ? 100 : 200 + n), 1);
  expect(pagesOf(directory, 3)).toEqual([["s6", "s5", "s4"], ["s3", "s2", "s1"], ["s0"]]);
  directory.upsert(line("s1", 100 + MINUTE - 1, { title: "soon" }), 2);
  expect(pagesOf(directory, 7)).toEqual([["s6", "s5", "s4", "s3", "s2", "s1", "s0"]]);
  directory.upsert(line("s1", 100 + MINUTE, { title: "later" }), 3);
  expect(pagesOf(directory, 7)).toEqual([["s1", "s6", "s5", "s4", "s3", "s2", "s0"]]);
});

test("I5 the pages of sessions of every lifecycle are one list", () => {
  const { directory } = newDirectory();
  const lifecycles = ["active", "paused", "terminated"] as const;
  for (let n = 0; n < 9; n += 1)
    directory.upsert(line(`s${n}`, n, { lifecycle: lifecycles[n % 3] ?? "active" }), 1);
  expect(pagesOf(directory, 4)).toEqual([
    ["s8", "s7", "s6", "s5"],
    ["s4", "s3", "s2", "s1"],
    ["s0"],
  ]);
});

test("I6 a list is filtered by lifecycle and by status", () => {
  const { directory } = newDirectory();
  directory.upsert(line("idle", 1), 1);
  directory.upsert(line("running", 2, { status: "running" }), 1);
  directory.upsert(line("waiting", 3, { status: "waiting" }), 1);
  directory.upsert(line("paused", 4, { lifecycle: "paused" }), 1);
  directory.upsert(line("held", 5, { lifecycle: "paused", status: "running" }), 1);
  directory.upsert(line("over", 6, { lifecycle: "terminated" }), 1);
  const ids = (filter: ListFilter) => pagesOf(directory, 1, filter).flat();
  expect(ids({ lifecycle: "active" })).toEqual(["waiting", "running", "idle"]);
  expect(ids({ lifecycle: "paused" })).toEqual(["held", "paused"]);
  expect(ids({ lifecycle: "terminated" })).toEqual(["over"]);
  expect(ids({ status: "running" })).toEqual(["held", "running"]);
  expect(ids({ status: "waiting" })).toEqual(["waiting"]);
  expect(ids({ status: "idle" })).toEqual(["over", "paused", "idle"]);
  expect(ids({ lifecycle: "paused", status: "running" })).toEqual(["held"]);
  expect(ids({ lifecycle: "paused", status: "idle" })).toEqual(["paused"]);
});

test("I6 a line that changes is found under what it is now", () => {
  const { directory } = newDirectory();
  directory.upsert(line("s", 1, { status: "running" }), 1);
  directory.upsert(line("s", 2, { lifecycle: "terminated" }), 2);
  expect(directory.page({ status: "running" }).sessions).toEqual([]);
  expect(directory.page({ lifecycle: "terminated" }).sessions).toHaveLength(1);
});

test("I7 every query of a page is answered by an index, in order, and no index is without a query", () => {
  const { sql } = newDirectory();
  const filters: ListFilter[] = [
    {},
    { lifecycle: "paused" },
    { status: "idle" },
    { status: "running" },
    { status: "waiting", lifecycle: "active" },
  ];
  const used = filters.flatMap(queriesFor).map(({ where, bindings }) => {
    const plan = sql.run<{ detail: string }>(
      `EXPLAIN QUERY PLAN SELECT id, sorted_at, listing FROM sessions WHERE ${where} AND (sorted_at, id) < (?, ?)
       ORDER BY sorted_at DESC, id DESC LIMIT ?`,
      ...bindings,
      9,
      "s",
      50,
    );
    expect(plan.map(({ detail }) => detail).join("; ")).toMatch(
      /^SEARCH sessions USING INDEX (\w+) \((lifecycle|status)=\? AND \(sorted_at,id\)<\(\?,\?\)\)$/,
    );
    return /INDEX (\w+)/.exec(plan[0]?.detail ?? "")?.[1];
  });
  const indexes = sql
    .run<{ name: string }>(
      "SELECT name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL",
    )
    .map(({ name }) => name);
  expect(new Set(used)).toEqual(new Set(indexes));
});

test("a list of the first version is upgraded in place", () => {
  const sql = new NodeSql();
  migrate(sql, [{ owner: "session-index", migrations: DIRECTORY_MIGRATIONS.slice(0, 1) }]);
  const old = line("old", 5, { status: "waiting", createdAt: 3 });
  sql.run(
    "INSERT INTO sessions (id, version, updated_at, listing) VALUES (?, ?, ?, ?)",
    "old",
    4,
    5,
    JSON.stringify(old),
  );
  const directory = directoryOf(sql);
  expect(directory.page({ status: "waiting" }).sessions).toEqual([old]);
  expect(directory.upsert(line("old", 6, { createdAt: 3 }), 4)).toBe(false);
  expect(directory.upsert(line("old", 6, { createdAt: 3 }), 5)).toBe(true);
});
