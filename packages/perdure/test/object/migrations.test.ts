import { expect, test } from "vitest";
import type { Migration, Schema, Sql } from "../../src/object/index.ts";
import { digestOf, isMigrated, migrate } from "../../src/object/index.ts";
import { PerdureError } from "../../src/protocol/index.ts";
import { NodeSql } from "../support/node-sql.ts";
import { schemaOf, tablesOf } from "../support/schema-of.ts";

const NOTES: Migration = { version: 1, name: "notes", up: "CREATE TABLE notes (text TEXT)" };
const AUTHORS: Migration = {
  version: 2,
  name: "authors",
  up: "ALTER TABLE notes ADD COLUMN author TEXT; CREATE TABLE authors (name TEXT)",
};

function migrateApp(sql: NodeSql, ...migrations: Migration[]): void {
  migrate(sql, [{ owner: "app", migrations }]);
}

function scripted(name: string, text: string): Migration {
  return { version: 1, name, up: (sql) => sql.script(text) };
}

function schemaOfOwner(owner: string): Schema {
  return { owner, migrations: [{ version: 1, sql: `CREATE TABLE ${owner} (x)` }] };
}

/** Writes, and is done later. */
function createLater(sql: Sql): unknown {
  sql.script("CREATE TABLE early (x)");
  return Promise.resolve();
}

/** What migrating throws: its code and sentence. */
function problemOfMigrating(sql: NodeSql, ...migrations: Migration[]) {
  try {
    migrateApp(sql, ...migrations);
  } catch (error) {
    return error instanceof PerdureError ? [error.code, error.message] : error;
  }
  return undefined;
}

test("M1 migrations run in the order of their versions, each once", () => {
  const sql = new NodeSql();
  const ran: number[] = [];
  const steps = [3, 5, 8].map((version): Migration => ({
    version,
    name: `step ${version}`,
    up: () => void ran.push(version),
  }));
  migrateApp(sql, ...steps.slice(0, 2));
  migrateApp(sql, ...steps);
  migrateApp(sql, ...steps);
  expect(ran).toEqual([3, 5, 8]);
});

test("M2 a migration whose second statement fails leaves nothing of its first, and those before it stay", () => {
  const sql = new NodeSql();
  const failing: Migration = {
    version: 2,
    name: "half",
    up: "CREATE TABLE half (x); INSERT INTO nowhere VALUES (1)",
  };
  expect(() => migrateApp(sql, NOTES, failing)).toThrow("nowhere");
  expect(tablesOf(sql)).toEqual(["notes", "perdure_migrations"]);
  migrateApp(sql, NOTES, AUTHORS);
  expect(tablesOf(sql)).toEqual(["authors", "notes", "perdure_migrations"]);
});

test("M2 a function that throws after writing leaves nothing of it", () => {
  const sql = new NodeSql();
  const failing: Migration = {
    version: 1,
    name: "half",
    up: (inner) => {
      inner.script("CREATE TABLE half (x)");
      throw new Error("no further");
    },
  };
  expect(() => migrateApp(sql, failing)).toThrow("no further");
  expect(tablesOf(sql)).toEqual(["perdure_migrations"]);
});

test("M2 an asynchronous function is refused and undone", () => {
  const sql = new NodeSql();
  const asynchronous: Migration = { version: 1, name: "later", up: createLater };
  expect(problemOfMigrating(sql, asynchronous)).toEqual([
    "broken",
    'Migration 1 of "app" cannot be used: its function is asynchronous; make it synchronous.',
  ]);
  expect(tablesOf(sql)).toEqual(["perdure_migrations"]);
});

test.for<{ why: string; migrations: readonly Migration[]; sentence: string }>([
  {
    why: "edited",
    migrations: [{ ...NOTES, up: "CREATE TABLE notes (body TEXT)" }, AUTHORS],
    sentence: "it was edited after it had run; undo the edit and add a new migration",
  },
  {
    why: "renamed",
    migrations: [{ ...NOTES, name: "remarks" }, AUTHORS],
    sentence: 'it was renamed to "remarks" after it had run; name it "notes" again',
  },
  {
    why: "removed",
    migrations: [AUTHORS],
    sentence: 'it has run here but is not in the list any more; put "notes" back',
  },
  {
    why: "given another version",
    migrations: [{ ...NOTES, version: 2 }],
    sentence: 'it has run here but is not in the list any more; put "notes" back',
  },
  {
    why: "exchanged with another",
    migrations: [
      { ...AUTHORS, version: 1 },
      { ...NOTES, version: 2 },
    ],
    sentence: 'it was renamed to "authors" after it had run; name it "notes" again',
  },
])("M3 a migration that was $why is broken, and nothing changes", ({ migrations, sentence }) => {
  const sql = new NodeSql();
  migrateApp(sql, NOTES);
  const before = schemaOf(sql);
  expect(problemOfMigrating(sql, ...migrations)).toEqual([
    "broken",
    `Migration 1 of "app" cannot be used: ${sentence}.`,
  ]);
  expect(schemaOf(sql)).toEqual(before);
});

test("M3 an edited migration that names the checksum of what has run is taken, and does not run again", () => {
  const sql = new NodeSql();
  migrateApp(sql, NOTES);
  const up = "CREATE TABLE notes (body TEXT)";
  const formerly = [digestOf("CREATE TABLE notes (text TEXT)")];
  const edited: Migration = { version: 1, name: "notes", up, formerly };
  migrateApp(sql, edited, AUTHORS);
  expect(sql.run("SELECT name FROM pragma_table_info('notes')")).toEqual([
    { name: "text" },
    { name: "author" },
  ]);
});

test("M3 a broken list of one owner keeps those of all others from running", () => {
  const sql = new NodeSql();
  migrate(sql, [{ owner: "app", migrations: [NOTES] }]);
  const before = schemaOf(sql);
  const library = { owner: "library", migrations: [{ version: 1, sql: "CREATE TABLE shelf (x)" }] };
  expect(() => migrate(sql, [library, { owner: "app", migrations: [] }])).toThrow(
    'put "notes" back',
  );
  expect(schemaOf(sql)).toEqual(before);
});

test.for([[2, 1], [1, 1], [0], [-1], [1.5], [Number.NaN]])(
  "M4 versions %j are broken, and nothing is written",
  (versions) => {
    const sql = new NodeSql();
    const migrations = versions.map((version) => ({
      version,
      sql: `CREATE TABLE t${version} (x)`,
    }));
    expect(problemOfMigrating(sql, ...migrations)).toEqual([
      "broken",
      expect.stringContaining("versions must be whole numbers that rise"),
    ]);
    expect(tablesOf(sql)).toEqual([]);
  },
);

test("M5 the short form runs once and is checked like the long one", () => {
  const sql = new NodeSql();
  const short: Migration = { version: 1, sql: "CREATE TABLE short (x)" };
  migrateApp(sql, short);
  migrateApp(sql, short);
  expect(tablesOf(sql)).toEqual(["perdure_migrations", "short"]);
  expect(problemOfMigrating(sql, { version: 1, sql: "CREATE TABLE long (x)" })).toEqual([
    "broken",
    expect.stringContaining("edited"),
  ]);
});

test("M5 of a function only version and name are checked", () => {
  const sql = new NodeSql();
  migrateApp(sql, scripted("seed", "CREATE TABLE seeds (x)"));
  expect(problemOfMigrating(sql, scripted("seed", "CREATE TABLE seeds (y)"))).toBeUndefined();
  expect(problemOfMigrating(sql, scripted("plant", "CREATE TABLE seeds (x)"))).toEqual([
    "broken",
    expect.stringContaining("renamed"),
  ]);
});

test("M6 versions count for each owner", () => {
  const sql = new NodeSql();
  migrate(sql, [schemaOfOwner("library"), schemaOfOwner("app")]);
  migrate(sql, [schemaOfOwner("library"), schemaOfOwner("app"), schemaOfOwner("plugin")]);
  expect(tablesOf(sql)).toEqual(["app", "library", "perdure_migrations", "plugin"]);
});

test("M10 looking whether storage was ever migrated writes nothing", () => {
  const sql = new NodeSql();
  expect(isMigrated(sql)).toBe(false);
  expect(tablesOf(sql)).toEqual([]);
  migrateApp(sql);
  expect(isMigrated(sql)).toBe(true);
});
