import { expect, test } from "vitest";
import { z } from "zod";
import { PerdureError } from "../../src/protocol/index.ts";
import { defineShard, mutation, query } from "../../src/shard/index.ts";
import { NodeSql } from "../support/node-sql.ts";
import { ShardWorld } from "./shard-world.ts";

interface Task {
  id: number;
  board: string;
  title: string;
}

const TABLES = `CREATE TABLE tasks (id INTEGER PRIMARY KEY, board TEXT NOT NULL, title TEXT NOT NULL);
  CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL)`;

/** A board whose runs of queries are counted. */
function boardWorld() {
  const runs = { tasks: 0, notes: 0, mine: 0, all: 0 };
  const board = defineShard({
    queries: {
      tasks: query({
        args: z.object({ board: z.string() }),
        handler: ({ sql, args }) => {
          runs.tasks += 1;
          return sql<Task>`SELECT * FROM tasks WHERE board = ${args.board} ORDER BY title`;
        },
      }),
      notes: query({
        args: z.null(),
        handler: ({ sql }) => {
          runs.notes += 1;
          return sql.all("SELECT * FROM notes");
        },
      }),
      mine: query({
        args: z.null(),
        handler: ({ sql, identity }) => {
          runs.mine += 1;
          return sql.all("SELECT * FROM tasks WHERE board = ?", identity?.subject ?? "");
        },
      }),
      all: query({
        args: z.null(),
        shared: true,
        handler: ({ sql }) => {
          runs.all += 1;
          return sql.all("SELECT * FROM tasks");
        },
      }),
      both: query({ args: z.null(), handler: () => "the query" }),
      writing: query({
        args: z.null(),
        handler: ({ sql }) => sql.all("DELETE FROM tasks"),
      }),
    },
    mutations: {
      addTask: mutation({
        args: z.object({ board: z.string(), title: z.string() }),
        handler: ({ sql, args }) =>
          sql.first<{ id: number }>(
            "INSERT INTO tasks (board, title) VALUES (?, ?) RETURNING id",
            args.board,
            args.title,
          ),
      }),
      rename: mutation({
        args: z.object({ id: z.number(), title: z.string() }),
        handler: ({ sql, args }) => {
          const count = sql.run("UPDATE tasks SET title = ? WHERE id = ?", args.title, args.id);
          if (count === 0) throw new PerdureError("not_found", "There is no such task.");
          return count;
        },
      }),
      addNote: mutation({
        args: z.string(),
        handler: ({ sql, args }) => sql.run("INSERT INTO notes (text) VALUES (?)", args),
      }),
      both: mutation({ args: z.null(), handler: () => "the mutation" }),
      later: mutation({
        args: z.null(),
        handler: async ({ sql }) => {
          sql.run("INSERT INTO notes (text) VALUES ('too early')");
          await Promise.resolve();
        },
      }),
      failing: mutation({
        args: z.null(),
        handler: ({ sql }) => {
          sql.run("INSERT INTO notes (text) VALUES ('undone')");
          throw new Error("not today");
        },
      }),
    },
  });
  return { world: new ShardWorld(new NodeSql(), board, TABLES), board, runs };
}

const codeOf = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    return error instanceof PerdureError ? error.code : String(error);
  }
  return "nothing thrown";
};

const add = (title: string, id?: string) => ({
  functionPath: "addTask",
  args: { board: "a", title },
  id,
});

const ada = { subject: "ada" };
const bob = { subject: "bob" };

test("Z1 a function is called by its path, or by its name where only one has it", () => {
  const { world } = boardWorld();
  const call = (functionPath: string) => world.shard.call({ functionPath }, null).value;
  expect(call("queries.both")).toBe("the query");
  expect(call("mutations.both")).toBe("the mutation");
  expect(codeOf(() => call("both"))).toBe("bad_request");
  expect(call("notes")).toEqual([]);
  expect(
    ["none", "queries.addTask", "toString", "queries.constructor", ""].map((path) =>
      codeOf(() => call(path)),
    ),
  ).toEqual(Array.from({ length: 5 }, () => "not_found"));
});

test("Z2 arguments that do not fit their schema have no effect", () => {
  const { world } = boardWorld();
  expect(codeOf(() => world.mutate("addTask", { board: 3 }))).toBe("bad_request");
  expect(codeOf(() => world.shard.subscribe({ functionPath: "tasks" }, null))).toBe("bad_request");
  expect(world.shard.position).toBe(0);
  expect(world.rows("SELECT * FROM perdure_queries")).toEqual([]);
});

test("Z3 each commit has the next position, over any loss of memory", () => {
  const { world } = boardWorld();
  expect(world.mutate("addNote", "one")).toBe(1);
  expect(world.mutate("addNote", "two")).toBe(2);
  world.loseMemory();
  expect(world.shard.position).toBe(2);
  expect(world.mutate("addNote", "three")).toBe(3);
});

test("Z4 what a handler throws undoes what it wrote, and takes no position", () => {
  const { world } = boardWorld();
  expect(codeOf(() => world.mutate("failing"))).toBe("Error: not today");
  expect(codeOf(() => world.mutate("later"))).toMatch(/asynchronous; make it synchronous/);
  expect(world.shard.position).toBe(0);
  expect(world.rows("SELECT * FROM notes")).toEqual([]);
});

test("Z5 a mutation has its effect once for each id, and the same answer, over any loss of memory", () => {
  const { world } = boardWorld();
  const request = { functionPath: "addTask", args: { board: "a", title: "x" }, id: "one" };
  const first = world.shard.call(request, ada);
  expect(first).toEqual({ value: { id: 1 }, position: 1 });
  world.loseMemory();
  expect(world.shard.call({ ...request, functionPath: "mutations.addTask" }, ada)).toEqual(first);
  expect(world.shard.position).toBe(1);
  expect(codeOf(() => world.shard.call(request, bob))).toBe("id_reused");
  const other = { ...request, args: { board: "a", title: "y" } };
  expect(codeOf(() => world.shard.call(other, ada))).toBe("id_reused");
  expect(world.rows("SELECT title FROM tasks")).toEqual([{ title: "x" }]);
});

test("Z6 a refusal that would be the same tomorrow is the answer for good; another may be tried again", () => {
  const { world } = boardWorld();
  const request = { functionPath: "rename", args: { id: 1, title: "y" }, id: "one" };
  expect(codeOf(() => world.shard.call(request, null))).toBe("not_found");
  world.mutate("addTask", { board: "a", title: "x" });
  expect(codeOf(() => world.shard.call(request, null))).toBe("not_found");
  expect(world.shard.call({ ...request, id: "two" }, null).value).toBe(1);
  const failing = { functionPath: "failing", id: "three" };
  expect(codeOf(() => world.shard.call(failing, null))).toBe("Error: not today");
  expect(codeOf(() => world.shard.call(failing, null))).toBe("Error: not today");
});

test("Z7 a batch is one commit: all of it has its effect, or none", () => {
  const { world } = boardWorld();
  expect(codeOf(() => world.shard.batch([add("x"), { functionPath: "failing" }], null))).toBe(
    "Error: not today",
  );
  expect(world.rows("SELECT * FROM tasks")).toEqual([]);
  const both = [add("x", "one"), add("y", "two"), { functionPath: "tasks", args: { board: "a" } }];
  const answers = world.shard.batch(both, null);
  expect(answers.map(({ position }) => position)).toEqual([1, 1, 0]);
  expect(answers[2]?.value).toHaveLength(2);
  expect(world.shard.batch(both.slice(0, 2), null)).toEqual(answers.slice(0, 2));
  expect(world.shard.position).toBe(1);
});

test("Z8 a subscriber is seeded, and told what a commit changed, by rows", () => {
  const { world } = boardWorld();
  for (const title of ["d", "b", "a"]) world.mutate("addTask", { board: "a", title });
  const subscriber = world.subscribe({ functionPath: "tasks", args: { board: "a" } });
  expect(subscriber.start.kind).toBe("seed");
  expect(subscriber.position).toBe(3);
  world.mutate("addTask", { board: "a", title: "c" });
  expect(subscriber.heard).toEqual([
    { delta: { insert: [{ at: 2, row: { id: 4, board: "a", title: "c" } }] } },
  ]);
  world.mutate("rename", { id: 3, title: "e" });
  expect(subscriber.heard[1]).toEqual({
    delta: { update: [{ id: 3, board: "a", title: "e" }], move: [{ key: 3, at: 3 }] },
  });
  expect((subscriber.value as Task[]).map(({ title }) => title)).toEqual(["b", "c", "d", "e"]);
});

test("Z9 only queries whose tables were written run again, once for all their subscribers", () => {
  const { world, runs } = boardWorld();
  const request = { functionPath: "tasks", args: { board: "a" } };
  for (let count = 0; count < 10; count += 1) world.subscribe(request, ada);
  world.subscribe({ functionPath: "notes" }, ada);
  expect(runs).toMatchObject({ tasks: 1, notes: 1 });
  world.mutate("addTask", { board: "a", title: "x" });
  expect(runs).toMatchObject({ tasks: 2, notes: 1 });
  world.mutate("addNote", "n");
  expect(runs).toMatchObject({ tasks: 2, notes: 2 });
});

test("Z10 a query runs once for each identity; a shared one once for all", () => {
  const { world, runs } = boardWorld();
  const subscribers = [ada, bob, ada, null].flatMap((who) => [
    world.subscribe({ functionPath: "mine" }, who),
    world.subscribe({ functionPath: "all" }, who),
  ]);
  expect(runs).toMatchObject({ mine: 3, all: 1 });
  expect(new Set(subscribers.map(({ queryId }) => queryId)).size).toBe(4);
  world.mutate("addTask", { board: "bob", title: "x" });
  expect(runs).toMatchObject({ mine: 6, all: 2 });
  const told = subscribers.map(({ heard }) => heard.length);
  expect(told).toEqual([0, 1, 1, 1, 0, 1, 0, 1]);
});

test("Z11 waking runs nothing, and a commit after it tells the same deltas", () => {
  const { world, runs } = boardWorld();
  for (const title of ["a", "b", "c"]) world.mutate("addTask", { board: "a", title });
  const subscriber = world.subscribe({ functionPath: "tasks", args: { board: "a" } });
  world.mutate("rename", { id: 2, title: "z" });
  expect(runs.tasks).toBe(2);
  world.loseMemory();
  expect(world.shard.isStale).toBe(false);
  expect(runs.tasks).toBe(2);
  world.mutate("rename", { id: 1, title: "y" });
  expect(runs.tasks).toBe(3);
  expect(subscriber.heard[1]).toEqual({
    delta: { update: [{ id: 1, board: "a", title: "y" }], move: [{ key: 1, at: 1 }] },
  });
  world.mutate("addNote", "n");
  expect(runs.tasks).toBe(3);
});

test("Z12 who comes back with a position gets what it missed, or a reset", () => {
  const { world, runs } = boardWorld();
  const request = { functionPath: "tasks", args: { board: "a" } };
  world.mutate("addTask", { board: "a", title: "a" });
  const stays = world.subscribe(request);
  world.mutate("addTask", { board: "a", title: "b" });
  world.mutate("addNote", "n");
  world.mutate("addTask", { board: "a", title: "c" });
  world.loseMemory();
  const before = runs.tasks;
  const { start } = world.shard.subscribe({ ...request, since: 2 }, null);
  expect(start).toEqual({
    kind: "changes",
    changes: [
      {
        queryId: stays.queryId,
        position: 4,
        text: '{"delta":{"insert":[{"at":2,"row":{"id":3,"board":"a","title":"c"}}]}}',
      },
    ],
  });
  expect(world.shard.subscribe({ ...request, since: 4 }, null).start).toEqual({
    kind: "changes",
    changes: [],
  });
  expect(runs.tasks).toBe(before);
  // Before it was live, or after the last commit: of another life of the database.
  expect(world.shard.subscribe({ ...request, since: 0 }, null).start.kind).toBe("reset");
  expect(world.shard.subscribe({ ...request, since: 5 }, null).start.kind).toBe("reset");
});

test("Z13 a query that writes is refused before anything runs", () => {
  const { world } = boardWorld();
  world.mutate("addTask", { board: "a", title: "a" });
  expect(codeOf(() => world.shard.call({ functionPath: "writing" }, null))).toBe("bad_statement");
  expect(world.rows("SELECT id FROM tasks")).toEqual([{ id: 1 }]);
});
