import { expect, test } from "vitest";
import { z } from "zod";
import { PerdureError } from "../../src/protocol/index.ts";
import { defineShard, mutation, query } from "../../src/shard/index.ts";
import { NodeSql } from "../support/node-sql.ts";
import { ShardWorld } from "./shard-world.ts";

const TABLES = `CREATE TABLE tasks (id INTEGER PRIMARY KEY, board TEXT, n INT, title TEXT DEFAULT '');
  CREATE INDEX tasks_board ON tasks (board, n)`;

const args = z.union([z.string(), z.number(), z.null()]);

/** A board whose runs are counted by query, and which can be asked anything by SQL. */
function countedWorld() {
  const runs: Record<string, number> = {};
  const counted = (name: string, statement: string, key = "id") =>
    query({
      args,
      key,
      handler: ({ sql, args: value }) => {
        runs[name] = (runs[name] ?? 0) + 1;
        return sql.all(statement, value);
      },
    });
  const functions = defineShard({
    queries: {
      board: counted("board", "SELECT * FROM tasks WHERE board = ? ORDER BY n"),
      byId: counted("byId", "SELECT * FROM tasks WHERE id = ?"),
      all: counted("all", "SELECT * FROM tasks WHERE id > ? ORDER BY n"),
      total: counted("total", "SELECT count(*) AS count FROM tasks WHERE id > ?"),
      odd: query({
        args,
        handler: ({ sql }) => {
          const rows = sql.all("SELECT * FROM tasks");
          if (rows.length === 2) throw new PerdureError("forbidden", "Two are one too many.");
          return rows;
        },
      }),
      bytes: query({ args, handler: ({ sql }) => sql.all("SELECT 1 AS id, x'00ff' AS bytes") }),
    },
    mutations: {
      run: mutation({
        args: z.tuple([z.string()], args),
        handler: ({ sql, args: [statement, ...values] }) => sql.run(statement, ...values),
      }),
    },
  });
  const world = new ShardWorld(new NodeSql(), functions, TABLES);
  const run = (...statement: (string | number | null)[]) => world.mutate("run", statement);
  return { world, runs, run };
}

const INSERT = "INSERT INTO tasks (board, n) VALUES (?, ?)";
const codeOf = (work: () => unknown) => {
  try {
    work();
  } catch (error) {
    return error instanceof PerdureError ? error.code : String(error);
  }
  return "nothing thrown";
};

test("Z16 of 300 boards that are live, a mutation of one runs one query again", () => {
  const { world, runs, run } = countedWorld();
  for (let board = 0; board < 300; board += 1)
    world.subscribe({ functionPath: "board", args: `b${board}` });
  expect(runs).toEqual({ board: 300 });
  run(INSERT, "b7", 1);
  expect(runs).toEqual({ board: 301 });
  run("UPDATE tasks SET n = 5 WHERE id = ?", 1);
  expect(runs).toEqual({ board: 302 });
  run("UPDATE tasks SET title = 'x' WHERE board IN ('b7', 'b8')");
  expect(runs).toEqual({ board: 303 });
  run("DELETE FROM tasks WHERE board = ?", "b9");
  expect(runs).toEqual({ board: 303 });
  world.loseMemory();
  run("DELETE FROM tasks WHERE id = 1");
  expect(runs).toEqual({ board: 304 });
  // The row comes from a board that nobody names.
  run(INSERT, "b1", 1);
  run("UPDATE tasks SET board = 'b2' WHERE id = 1");
  expect(runs).toEqual({ board: 305 + 300 });
});

test("Z16 queries by different keys run apart from each other", () => {
  const { world, runs, run } = countedWorld();
  run(INSERT, "a", 1);
  run(INSERT, "b", 2);
  world.subscribe({ functionPath: "board", args: "a" });
  world.subscribe({ functionPath: "byId", args: 1 });
  world.subscribe({ functionPath: "byId", args: 2 });
  world.subscribe({ functionPath: "all", args: 0 });
  expect(runs).toEqual({ board: 1, byId: 2, all: 1 });
  run("UPDATE tasks SET title = 'x' WHERE id = 2");
  expect(runs).toEqual({ board: 1, byId: 3, all: 2 });
  run("UPDATE tasks SET board = 'c' WHERE id = 1");
  expect(runs).toEqual({ board: 2, byId: 4, all: 3 });
});

test("Z19 a change is told by rows or whole, whichever is shorter; one that has no keys whole", () => {
  const { world, run } = countedWorld();
  for (let n = 0; n < 10; n += 1) run(INSERT, "a", n);
  const rows = world.subscribe({ functionPath: "board", args: "a" });
  const total = world.subscribe({ functionPath: "total", args: 0 });
  run("DELETE FROM tasks WHERE id = 3");
  expect(rows.heard).toEqual([{ delta: { delete: [3] } }]);
  expect(total.heard).toEqual([{ snapshot: [{ count: 9 }] }]);
  run("UPDATE tasks SET n = -n");
  expect(rows.heard[1]).toHaveProperty("snapshot");
  run("DELETE FROM tasks");
  expect(rows.heard[2]).toEqual({ snapshot: [] });
  run("UPDATE tasks SET n = 1");
  expect([rows.heard.length, total.heard.length]).toEqual([3, 2]);
});

test("Z19 one row of 10,000 that changes is less than 1 KB, before and after waking", () => {
  const { world, run } = countedWorld();
  run(
    "WITH RECURSIVE up(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM up WHERE n < 10000) INSERT INTO tasks (board, n) SELECT 'a', n FROM up",
  );
  const subscriber = world.subscribe({ functionPath: "board", args: "a" });
  run("UPDATE tasks SET title = 'x' WHERE id = 5000");
  world.loseMemory();
  run("UPDATE tasks SET n = 20000 WHERE id = 5000");
  const texts = world.commits.flatMap(({ changes }) => changes.map(({ text }) => text));
  expect(texts).toEqual([
    '{"delta":{"update":[{"id":5000,"board":"a","n":5000,"title":"x"}]}}',
    '{"delta":{"update":[{"id":5000,"board":"a","n":20000,"title":"x"}],"move":[{"key":5000,"at":9999}]}}',
  ]);
  expect((subscriber.value as { id: number }[]).at(-1)?.id).toBe(5000);
});

test("Z20 a result past its limits gets too_large, and one with bytes an error", () => {
  const { world, run } = countedWorld();
  world.limits = { resultRows: 3, resultUnits: 200 };
  for (let n = 0; n < 3; n += 1) run(INSERT, "a", n);
  const subscriber = world.subscribe({ functionPath: "board", args: "a" });
  run(INSERT, "a", 4);
  expect(subscriber.value).toMatchObject({ error: { code: "too_large" } });
  expect(codeOf(() => world.subscribe({ functionPath: "board", args: "a" }))).toBe("too_large");
  run("DELETE FROM tasks WHERE id < 4");
  expect(subscriber.value).toEqual([{ id: 4, board: "a", n: 4, title: "" }]);
  run("UPDATE tasks SET title = ?", "x".repeat(300));
  expect(subscriber.value).toMatchObject({ error: { code: "too_large" } });
  expect(codeOf(() => world.subscribe({ functionPath: "bytes" }))).toMatch(/has no bytes/);
});

test("Z21 a shard has so many live queries; the one that is idle longest makes room", () => {
  const { world, runs } = countedWorld();
  world.limits = { queries: 2 };
  const first = world.subscribe({ functionPath: "board", args: "a" });
  world.subscribe({ functionPath: "board", args: "b" });
  expect(codeOf(() => world.subscribe({ functionPath: "board", args: "c" }))).toBe(
    "too_many_queries",
  );
  world.unsubscribe(first);
  world.subscribe({ functionPath: "board", args: "c" });
  expect(world.rows("SELECT args FROM perdure_queries")).toEqual([
    { args: '"b"' },
    { args: '"c"' },
  ]);
  expect(runs).toEqual({ board: 4 });
});

test("Z22 a query that nobody listens to runs when somebody does again, and tells what changed meanwhile", () => {
  const { world, runs, run } = countedWorld();
  run(INSERT, "a", 1);
  const request = { functionPath: "board", args: "a" };
  const first = world.subscribe(request);
  const { position } = first;
  world.unsubscribe(first);
  for (let n = 2; n < 50; n += 1) run(INSERT, "a", n);
  world.loseMemory();
  expect(runs).toEqual({ board: 1 });
  const again = world.shard.subscribe({ ...request, since: position }, null);
  expect(runs).toEqual({ board: 2 });
  expect(again.start).toMatchObject({ kind: "changes", changes: [{ position: 50 }] });
  expect(again.position).toBe(50);
});

test("Z22 a query that nobody has listened to for an hour is forgotten, with all that is stored of it", () => {
  const { world, run } = countedWorld();
  const subscriber = world.subscribe({ functionPath: "board", args: "a" });
  for (let n = 0; n < 5; n += 1) run(INSERT, "a", n);
  expect(world.shard.forgetIdle()).toBeUndefined();
  world.unsubscribe(subscriber);
  const due = world.clock.now() + 60 * 60 * 1000;
  world.clock.advance(1_000);
  world.loseMemory();
  expect(world.shard.forgetIdle()).toBe(due);
  world.clock.advance(60 * 60 * 1000 - 1_000);
  expect(world.shard.forgetIdle()).toBeUndefined();
  expect(world.rows("SELECT id FROM perdure_queries")).toEqual([]);
  // The last commit stays: it says where the next one stands.
  expect(world.rows("SELECT position FROM perdure_commits")).toEqual([{ position: 5 }]);
  world.loseMemory();
  expect(run(INSERT, "a", 9)).toBe(6);
});

test("Z22 subscribers that were lost with the object's memory leave their queries idle", () => {
  const { world } = countedWorld();
  const lost = world.subscribe({ functionPath: "board", args: "a" });
  world.subscribe({ functionPath: "board", args: "b" });
  world.subscribers.delete(lost);
  world.loseMemory();
  expect(world.shard.forgetIdle()).toBe(world.clock.now() + 60 * 60 * 1000);
  world.clock.advance(60 * 60 * 1000);
  world.shard.forgetIdle();
  expect(world.rows("SELECT args FROM perdure_queries")).toEqual([{ args: '"b"' }]);
});

test("Z23 the log of commits is bounded by number and size; who comes from before it gets a reset", () => {
  const { world, run } = countedWorld();
  world.limits = { logCommits: 10, logUnits: 10_000 };
  const request = { functionPath: "board", args: "a" };
  world.subscribe(request);
  for (let n = 0; n < 100; n += 1) {
    run(INSERT, "a", n);
    const [{ count, units }] = world.rows(
      "SELECT count(*) AS count, sum(length(changes)) AS units FROM perdure_commits",
    ) as [{ count: number; units: number }];
    expect(count).toBeLessThanOrEqual(20);
    expect(units).toBeLessThanOrEqual(20_000);
  }
  const kindAt = (since: number) => world.shard.subscribe({ ...request, since }, null).start.kind;
  const [{ floor }] = world.rows("SELECT min(position) - 1 AS floor FROM perdure_commits") as [
    { floor: number },
  ];
  expect([kindAt(floor), kindAt(floor - 1)]).toEqual(["changes", "reset"]);
});

test("Z23 a commit too large for the log is told, and who missed it gets a reset", () => {
  const { world, run } = countedWorld();
  world.limits = { commitUnits: 100 };
  const small = world.subscribe({ functionPath: "total", args: 0 });
  const large = world.subscribe({ functionPath: "board", args: "a" });
  run("INSERT INTO tasks (board, n, title) VALUES ('a', 1, ?)", "x".repeat(200));
  expect([small.heard.length, large.heard.length]).toEqual([1, 1]);
  world.loseMemory();
  const kindOf = (functionPath: string, asked: string | number) =>
    world.shard.subscribe({ functionPath, args: asked, since: 0 }, null).start.kind;
  expect([kindOf("total", 0), kindOf("board", "a")]).toEqual(["changes", "reset"]);
  run("UPDATE tasks SET title = ''");
  expect(large.value).toEqual([{ id: 1, board: "a", n: 1, title: "" }]);
});

test("Z24 a live query that fails tells so once; the commit stands, and its next result comes whole", () => {
  const { world, run } = countedWorld();
  const subscriber = world.subscribe({ functionPath: "odd" });
  run(INSERT, "a", 1);
  expect(run(INSERT, "a", 2)).toBe(2);
  world.loseMemory();
  run("UPDATE tasks SET n = 9");
  run(INSERT, "a", 3);
  expect(subscriber.heard).toMatchObject([
    { snapshot: [{ id: 1 }] },
    { error: { code: "forbidden", detail: "Two are one too many." } },
    { snapshot: [{ n: 9 }, { n: 9 }, { n: 3 }] },
  ]);
});

test("Z25 after a change of code or schema live queries run once, and tell what they answer now", () => {
  const { world, run } = countedWorld();
  run(INSERT, "a", 1);
  const subscriber = world.subscribe({ functionPath: "board", args: "a" });
  const idle = world.subscribe({ functionPath: "board", args: "b" });
  world.unsubscribe(idle);
  world.functions = defineShard({
    queries: {
      board: query({
        args,
        handler: ({ sql, args: value }) => sql.all("SELECT id FROM tasks WHERE board = ?", value),
      }),
    },
  });
  world.loseMemory();
  expect(world.shard.isStale).toBe(true);
  world.shard.refresh();
  expect(world.shard.isStale).toBe(false);
  expect(subscriber.value).toEqual([{ id: 1 }]);
  world.loseMemory();
  expect(world.shard.isStale).toBe(false);
  world.sql.script("ALTER TABLE tasks ADD COLUMN more");
  world.loseMemory();
  expect(world.shard.isStale).toBe(true);
  world.functions = defineShard({});
  world.loseMemory();
  world.shard.refresh();
  expect(subscriber.value).toMatchObject({ error: { code: "not_found" } });
});

test("Z26 a commit writes one row of its own, however many queries it changes", () => {
  const { world, run } = countedWorld();
  for (let id = 0; id < 50; id += 1) world.subscribe({ functionPath: "all", args: -id });
  run(INSERT, "a", 1);
  const { written } = world.sql.counts;
  run(INSERT, "a", 2);
  // The task, and the commit.
  expect(world.sql.counts.written - written).toBe(2);
});
