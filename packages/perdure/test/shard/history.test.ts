import { expect, test } from "vitest";
import { z } from "zod";
import { defineShard, mutation, query } from "../../src/shard/index.ts";
import { NodeSql } from "../support/node-sql.ts";
import { ShardWorld } from "./shard-world.ts";

const TABLES = "CREATE TABLE lines (id TEXT PRIMARY KEY, n INT) WITHOUT ROWID";

/** A shard of lines that stores no commit, with its runs. */
function linesWorld() {
  const runs = { count: 0 };
  const functions = defineShard({
    queries: {
      lines: query({
        args: z.null(),
        handler: ({ sql }) => {
          runs.count += 1;
          return sql.all("SELECT id, n FROM lines ORDER BY n");
        },
      }),
    },
    mutations: {
      put: mutation({
        args: z.tuple([z.string(), z.number()]),
        handler: ({ sql, args }) =>
          sql.run("INSERT OR REPLACE INTO lines (id, n) VALUES (?, ?)", ...args),
      }),
    },
  });
  const sql = new NodeSql();
  const world = new ShardWorld(sql, functions, TABLES);
  world.history = "memory";
  const put = (id: string, n: number) => world.mutate("put", [id, n]);
  return { sql, world, runs, put };
}

test("Z30 where history is in memory a commit writes no row of its own, and positions rise over lost memory", () => {
  const { sql, world, put } = linesWorld();
  put("a", 1);
  world.subscribe({ functionPath: "lines" });
  const before = sql.counts.written;
  const positions = [put("a", 2), put("b", 3)];
  world.loseMemory();
  positions.push(put("a", 4), put("b", 5));
  // A line each.
  expect(sql.counts.written - before).toBe(4);
  expect(world.rows("SELECT * FROM perdure_commits")).toEqual([]);
  expect(positions).toEqual(positions.toSorted((a, b) => a - b));
  expect(new Set(positions).size).toBe(4);
});

test("Z30 positions rise over lost memory although there were more commits than milliseconds", () => {
  const { world, put } = linesWorld();
  let last = 0;
  for (let n = 0; n < 1_500; n += 1) last = put("a", n);
  // A second later.
  world.loseMemory();
  expect(put("a", 0)).toBeGreaterThan(last);
});

test("Z31 waking runs nothing; the next commit runs what is followed twice, once for what it answered before, and tells the rows", () => {
  const { world, runs, put } = linesWorld();
  for (let n = 0; n < 5; n += 1) put(`l${n}`, n);
  const subscriber = world.subscribe({ functionPath: "lines" });
  put("l0", 5);
  expect(runs.count).toBe(2);
  world.loseMemory();
  expect(world.shard.isStale).toBe(false);
  expect(runs.count).toBe(2);
  put("l1", 6);
  expect(runs.count).toBe(4);
  put("l2", 7);
  expect(runs.count).toBe(5);
  expect(subscriber.heard.slice(1)).toEqual([
    { delta: { update: [{ id: "l1", n: 6 }], move: [{ key: "l1", at: 4 }] } },
    { delta: { update: [{ id: "l2", n: 7 }], move: [{ key: "l2", at: 4 }] } },
  ]);
});

test("Z31 who comes back gets what it missed, and after lost memory the result", () => {
  const { world, put } = linesWorld();
  put("a", 1);
  const { position: since } = world.subscribe({ functionPath: "lines" });
  put("b", 2);
  const again = () => world.shard.subscribe({ functionPath: "lines", since }, null).start;
  expect(again()).toMatchObject({ kind: "changes", changes: [{ position: since + 1 }] });
  world.loseMemory();
  expect(again()).toEqual({ kind: "reset", text: '[{"id":"a","n":1},{"id":"b","n":2}]' });
});
