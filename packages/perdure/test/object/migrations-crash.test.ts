import { expect, test } from "vitest";
import type { Schema } from "../../src/object/index.ts";
import { COMMAND_MIGRATIONS, migrate, TIMER_MIGRATIONS } from "../../src/object/index.ts";
import { SESSION_SCHEMAS } from "../../src/session/index.ts";
import { Crash, FaultySql } from "../support/faulty-sql.ts";
import { NodeSql } from "../support/node-sql.ts";
import { schemaOf } from "../support/schema-of.ts";

const SCHEMAS: readonly Schema[] = [
  { owner: "timers", migrations: TIMER_MIGRATIONS },
  { owner: "commands", migrations: COMMAND_MIGRATIONS },
  ...SESSION_SCHEMAS,
  {
    owner: "app",
    migrations: [
      { version: 1, sql: "CREATE TABLE a (x); CREATE TABLE b (y); INSERT INTO a VALUES (1)" },
      {
        version: 2,
        name: "by hand",
        up: (sql) => {
          sql.run("INSERT INTO b (y) SELECT x + 1 FROM a");
          sql.run("ALTER TABLE a ADD COLUMN z INTEGER DEFAULT 7");
        },
      },
    ],
  },
];

/** Whether migrating got to its end before the process died after so many statements. */
function survives(sql: NodeSql, statements: number): boolean {
  try {
    migrate(new FaultySql(sql, statements), SCHEMAS);
    return true;
  } catch (error) {
    if (error instanceof Crash) return false;
    throw error;
  }
}

test("M2 a process that dies after any statement leaves storage that the next one completes", () => {
  const whole = new NodeSql();
  migrate(whole, SCHEMAS);
  let statements = 0;
  for (let isDone = false; !isDone; statements += 1) {
    const sql = new NodeSql();
    isDone = survives(sql, statements);
    migrate(sql, SCHEMAS);
    expect(schemaOf(sql)).toEqual(schemaOf(whole));
    expect(sql.run("SELECT x, z FROM a")).toEqual([{ x: 1, z: 7 }]);
    expect(sql.run("SELECT y FROM b")).toEqual([{ y: 2 }]);
  }
  expect(statements).toBeGreaterThan(30);
});
