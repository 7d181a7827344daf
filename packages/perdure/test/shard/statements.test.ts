import { expect, test } from "vitest";
import { PerdureError } from "../../src/protocol/index.ts";
import { defineShard } from "../../src/shard/index.ts";
import { NodeSql } from "../support/node-sql.ts";
import { ShardWorld } from "./shard-world.ts";

const world = new ShardWorld(
  new NodeSql(),
  defineShard({}),
  "CREATE TABLE tasks (id INTEGER PRIMARY KEY, title TEXT)",
);

const outcome = (statement: string, ...bindings: string[]) => {
  try {
    return world.shard.write((sql) => sql.all(statement, ...bindings));
  } catch (error) {
    return error instanceof PerdureError ? error.code : String(error);
  }
};

test.each([
  "CREATE TABLE more (id)",
  "DROP TABLE tasks",
  "ALTER TABLE tasks ADD COLUMN more",
  "PRAGMA table_info(tasks)",
  "ATTACH 'file' AS more",
  "BEGIN",
  "COMMIT",
  "SAVEPOINT one",
  "VACUUM",
  "ANALYZE",
  "EXPLAIN SELECT 1",
  "",
  " -- nothing",
  "; SELECT 1",
  "SELECT 1; DELETE FROM tasks",
  "SELECT '1'';'; DELETE FROM tasks",
  'SELECT "a"";" FROM tasks; DELETE FROM tasks',
  "SELECT 1 /* ' */; DELETE FROM tasks -- '",
  "SELECT $a(';'); DELETE FROM tasks",
  "SELECT :name",
  "SELECT 1\0; DELETE FROM tasks",
])("Z14 a statement of a handler is one SELECT, INSERT, UPDATE or DELETE: %j", (statement) => {
  expect(outcome(statement)).toBe("bad_statement");
});

test.each(["perdure_queries", "perdure_commits", "commands", "perdure_migrations"])(
  "Z15 the library's tables are not for handlers: %s",
  (table) => {
    expect(outcome(`SELECT * FROM ${table}`)).toBe("bad_statement");
    expect(outcome(`SELECT (SELECT count(*) FROM "${table}")`)).toBe("bad_statement");
    expect(outcome(`DELETE FROM ${table}`)).toBe("bad_statement");
  },
);

test("Z14 semicolons and comments at the end, in strings and in names are none between statements", () => {
  expect(outcome("SELECT ';' AS a, 'it''s' AS [b;], 1 AS \"c\"\";\" ; -- done;")).toEqual([
    { a: ";", "b;": "it's", 'c";': 1 },
  ]);
  expect(outcome("WITH one AS (SELECT ? AS a) SELECT a /* ; */ FROM one;;", "x")).toEqual([
    { a: "x" },
  ]);
});
