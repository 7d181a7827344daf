import { expect, test } from "vitest";
import { z } from "zod";
import { defineShard, mutation, query } from "../../src/shard/index.ts";
import { NodeSql } from "../support/node-sql.ts";
import { ShardWorld } from "./shard-world.ts";
import { Subscriber } from "./subscriber.ts";

const TABLES = `CREATE TABLE tasks (id INTEGER PRIMARY KEY, board TEXT NOT NULL);
  CREATE INDEX tasks_board ON tasks (board)`;

const functions = defineShard({
  queries: {
    tasks: query({
      args: z.string(),
      shared: true,
      handler: ({ sql, args }) => sql.all("SELECT id FROM tasks WHERE board = ? ORDER BY id", args),
    }),
  },
  mutations: {
    add: mutation({
      args: z.string(),
      handler: ({ sql, args }) => sql.run("INSERT INTO tasks (board) VALUES (?)", args),
    }),
  },
});

const quiet = { functionPath: "tasks", args: "quiet" };

/** A shard whose log keeps ten commits at least, with a quiet board and a busy one that are followed. */
function boards() {
  const world = new ShardWorld(new NodeSql(), functions, TABLES);
  world.limits = { logCommits: 10 };
  world.mutate("add", "quiet");
  const follower = world.subscribe(quiet);
  world.subscribe({ functionPath: "tasks", args: "busy" });
  const add = (board: string, count = 1) => {
    for (let made = 0; made < count; made += 1) world.mutate("add", board);
    return world.shard.position;
  };
  const startAt = (since: number) => world.shard.subscribe({ ...quiet, since }, null).start;
  return { world, follower, add, startAt };
}

test("Z151 a client whose query did not change since its position gets missed, however many commits there were", () => {
  const { world, follower, add, startAt } = boards();
  const silent = follower.position;
  for (let round = 0; round < 5; round += 1) {
    add("busy", 40);
    world.loseMemory();
    expect(startAt(silent)).toEqual({ kind: "changes", changes: [] });
  }
});

test("Z151 a change that is still kept is told to who comes from before all that is kept", () => {
  const { world, add, startAt } = boards();
  add("busy", 60);
  const changed = add("quiet");
  add("busy", 5);
  world.loseMemory();
  expect(startAt(1)).toMatchObject({ kind: "changes", changes: [{ position: changed }] });
});

test("Z151 one change that is not kept any more is a reset for who comes from before it, and none for others", () => {
  const { world, add, startAt } = boards();
  const changed = add("quiet");
  for (let round = 0; round < 3; round += 1) {
    add("busy", 40);
    world.loseMemory();
    expect([startAt(changed - 1).kind, startAt(changed).kind]).toEqual(["reset", "changes"]);
  }
});

test("Z151 a query that changes before and after each cut of the log is exact for every position", () => {
  const { world, follower, add } = boards();
  const at = new Map([[follower.position, JSON.stringify(follower.value)]]);
  let resets = 0;
  for (let step = 0; step < 200; step += 1) {
    at.set(add(step % 7 === 0 ? "quiet" : "busy"), JSON.stringify(follower.value));
    if (step % 5 === 0) world.loseMemory();
    for (const [since, value] of at) {
      const back = new Subscriber(
        world.shard.subscribe({ ...quiet, since }, null),
        JSON.parse(value),
      );
      world.shard.unsubscribe(back.queryId);
      expect(back.value).toEqual(follower.value);
      if (back.start.kind === "reset") resets += 1;
    }
  }
  expect(resets).toBeGreaterThan(100);
});

test("Z151 remembering it writes no row for each commit", () => {
  const { world, add } = boards();
  add("busy", 100);
  const { written } = world.sql.counts;
  add("busy", 100);
  // The task and the commit; at each cut of the log, what is cut and the query.
  expect(world.sql.counts.written - written).toBeLessThan(100 * 3 + 20);
});
