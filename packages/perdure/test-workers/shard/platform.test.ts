import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { DurableSql } from "../../src/object/durable-sql.ts";
import { changedBy, readBy, READS, SCHEMA, WRITES } from "../../test/shard/footprint-cases.ts";
import { randomRun } from "../../test/shard/random-run.ts";

/** Works with the database of an object, as a shard does. */
function inObject<T>(
  name: string,
  work: (sql: DurableSql, storage: DurableObjectStorage) => T,
): Promise<T> {
  return runInDurableObject(env.BYTECODE.getByName(`bytecode ${name}`), (_, { storage }) =>
    work(new DurableSql(storage), storage),
  );
}

test("Z16 the platform lists a program, with the tables that it opens, its bindings, and those of triggers", async () => {
  const listed = await inObject("listed", (sql) => {
    sql.script(
      `CREATE TABLE tasks (id INTEGER PRIMARY KEY, board TEXT, title TEXT); CREATE INDEX tasks_board ON tasks (board); CREATE TABLE log (x);
       CREATE TRIGGER watching AFTER UPDATE ON tasks BEGIN INSERT INTO log VALUES (new.id); END`,
    );
    const roots = new Map(
      sql
        .run<{ name: string; rootpage: number }>("SELECT name, rootpage FROM sqlite_schema")
        .map(({ name, rootpage }) => [rootpage, name]),
    );
    const opened = (statement: string) =>
      sql
        .run<{ opcode: string; p2: number }>(`EXPLAIN ${statement}`, "a")
        .flatMap(({ opcode, p2 }) =>
          /^Open(Read|Write)$/.test(opcode) ? [`${opcode} ${roots.get(p2)}`] : [],
        );
    return {
      read: opened("SELECT * FROM tasks WHERE board = ?"),
      written: opened("UPDATE tasks SET board = ?"),
      program: sql
        .run<{ opcode: string; p1: number }>("EXPLAIN SELECT id FROM tasks WHERE board = ?", "a")
        .map(({ opcode }) => opcode),
    };
  });
  expect(listed.read).toEqual(["OpenRead tasks", "OpenRead tasks_board"]);
  expect(listed.written).toEqual(
    expect.arrayContaining(["OpenWrite log", "OpenWrite tasks", "OpenWrite tasks_board"]),
  );
  expect(listed.program).toEqual(expect.arrayContaining(["Variable", "SeekGE", "IdxGT"]));
});

test("Z14 the platform has no temporary tables", async () => {
  const outcome = await inObject("temporary", (sql) => {
    try {
      sql.run("CREATE TEMP TABLE more (x)");
      return "made";
    } catch (error) {
      return String(error);
    }
  });
  expect(outcome).toMatch(/not authorized/i);
});

test("Z16 a query reads the same rows on the platform", async () => {
  const found = await inObject("reads", (sql, { kv }) => {
    // The platform's own table is there too.
    kv.put("any", 1);
    sql.script(SCHEMA);
    return READS.map(([statement, bindings]) => [
      statement,
      bindings,
      readBy(sql, statement, bindings),
    ]);
  });
  expect(found).toEqual(READS);
});

test("Z17 a mutation changes the same rows on the platform", async () => {
  const found = await inObject("writes", (sql) => {
    sql.script(SCHEMA);
    return WRITES.map(([statement, columns]) => [
      statement,
      columns,
      changedBy(sql, statement, columns),
    ]);
  });
  expect(found).toEqual(WRITES);
});

test("Z18 after each of 1,000 random commits on the platform every view is what a fresh run answers", async () => {
  const { wrong, misplaced, thrown, runs } = await inObject("random", (sql) =>
    randomRun(sql, 9, 1_000),
  );
  expect(wrong).toEqual([]);
  expect(misplaced).toEqual([]);
  expect(thrown).toEqual(["Error: undone"]);
  expect(runs.done).toBeLessThan(runs.possible / 2);
});
