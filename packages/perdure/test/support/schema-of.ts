import type { Sql } from "../../src/object/index.ts";

/** Everything that migrations make: tables, indexes, and what has been recorded as run. */
export function schemaOf(sql: Sql): readonly unknown[] {
  const objects = sql.run("SELECT type, name, sql FROM sqlite_master ORDER BY type, name");
  return tablesOf(sql).includes("perdure_migrations")
    ? [...objects, ...sql.run("SELECT * FROM perdure_migrations")]
    : objects;
}

/** The names of all tables. */
export function tablesOf(sql: Sql): readonly string[] {
  return sql
    .run<{ name: string }>("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
    .map(({ name }) => name);
}
