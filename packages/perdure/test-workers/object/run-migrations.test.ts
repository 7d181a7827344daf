import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import type { Migration } from "../../src/object/index.ts";
import { runMigrations } from "../../src/object/index.ts";

/** The forms of the guide: each is one statement. */
const SHORT: readonly Migration[] = [
  { version: 1, sql: "CREATE TABLE messages (id INTEGER PRIMARY KEY, text TEXT)" },
  { version: 2, sql: "ALTER TABLE messages ADD COLUMN tool_results TEXT" },
];

const HALF: Migration = {
  version: 3,
  name: "half",
  up: "CREATE TABLE half (x); INSERT INTO nowhere VALUES (1)",
};

/** Storage of an object that has nothing of this library. */
function storageOf<T>(name: string, work: (storage: DurableObjectStorage) => T): Promise<T> {
  return runInDurableObject(env.COUNTER.getByName(name), (_object, { storage }) => work(storage));
}

const columnsOf = ({ sql }: DurableObjectStorage, table: string) =>
  sql
    .exec<{ name: string }>("SELECT name FROM pragma_table_info(?)", table)
    .toArray()
    .map(({ name }) => name);

/** What a call throws: its code, if it has one, and its sentence. */
function problemOf(call: () => void): readonly unknown[] {
  try {
    call();
  } catch (error) {
    const { code, message } = error as { code?: unknown; message: string };
    return [code, message];
  }
  return [];
}

test.each(["PRAGMA user_version", "PRAGMA user_version = 3"])(
  "M12 the platform refuses %s, so that versions are kept in a table",
  async (statement) => {
    const [, why] = await storageOf("pragma", ({ sql }) =>
      problemOf(() => void sql.exec(statement).toArray()),
    );
    expect(why).toContain("not authorized");
  },
);

test.each(["BEGIN", "SAVEPOINT a", "COMMIT", "ROLLBACK"])(
  "M12 the platform refuses %s, so that only storage can undo",
  async (statement) => {
    const [, why] = await storageOf("savepoint", ({ sql }) =>
      problemOf(() => void sql.exec(statement).toArray()),
    );
    expect(why).toContain("transactionSync()");
  },
);

test.each(["storage", "sql"] as const)(
  "M12 given %s, migrations run once, on every wake-up, and a later deploy adds to them",
  async (given) => {
    const name = `once by ${given}`;
    const migrate = (migrations: readonly Migration[]) =>
      storageOf(name, (storage) => {
        const { sql } = storage;
        runMigrations(given === "sql" ? sql : storage, migrations);
        return columnsOf(storage, "messages");
      });
    expect(await migrate(SHORT.slice(0, 1))).toEqual(["id", "text"]);
    for (let wake = 0; wake < 3; wake += 1) {
      await evictDurableObject(env.COUNTER.getByName(name));
      expect(await migrate(SHORT)).toEqual(["id", "text", "tool_results"]);
    }
  },
);

test("M12 M2 given storage, a migration that fails is undone whole, and a corrected one runs later", async () => {
  const name = "undone";
  const failed = await storageOf(name, (storage) => [
    problemOf(() => runMigrations(storage, [...SHORT, HALF])),
    columnsOf(storage, "half"),
    columnsOf(storage, "messages"),
  ]);
  expect(failed).toEqual([
    [undefined, expect.stringContaining("no such table: nowhere")],
    [],
    ["id", "text", "tool_results"],
  ]);
  await evictDurableObject(env.COUNTER.getByName(name));
  const corrected: Migration = { ...HALF, up: "CREATE TABLE half (x); CREATE TABLE other (y)" };
  const columns = await storageOf(name, (storage) => {
    runMigrations(storage, [...SHORT, corrected]);
    return columnsOf(storage, "half");
  });
  expect(columns).toEqual(["x"]);
});

test.each<readonly [string, Migration]>([
  ["several statements", HALF],
  [
    "a function",
    { version: 3, name: "function", up: (sql) => sql.script("CREATE TABLE half (x)") },
  ],
])("M12 given sql alone, %s are refused before anything is changed", async (_what, migration) => {
  const [problem, tables] = await storageOf(`refused ${migration.version} ${_what}`, (storage) => [
    problemOf(() => runMigrations(storage.sql, [...SHORT, migration])),
    columnsOf(storage, "messages"),
  ]);
  expect(problem).toEqual(["broken", expect.stringContaining("Pass `ctx.storage` instead")]);
  expect(tables).toEqual([]);
});

test("M12 given sql alone, a statement that fails changes nothing, and is not taken for done", async () => {
  const failing: Migration = { version: 3, sql: "INSERT INTO nowhere VALUES (1)" };
  const fine: Migration = { version: 3, sql: "CREATE TABLE half (x)" };
  const columns = await storageOf("statement", (storage) => {
    problemOf(() => runMigrations(storage.sql, [...SHORT, failing]));
    runMigrations(storage.sql, [...SHORT, fine]);
    return columnsOf(storage, "half");
  });
  expect(columns).toEqual(["x"]);
});

test.each([
  "CREATE TABLE a (x TEXT DEFAULT ';');",
  "CREATE TABLE a (x) -- one; statement\n;",
  'CREATE TABLE a ("x;y" TEXT) /* one; only */',
  "CREATE TRIGGER a AFTER INSERT ON messages BEGIN DELETE FROM messages; DELETE FROM messages; END;",
])("M12 one statement is one, whatever is in it: %s", async (statement) => {
  const problem = await storageOf(`one ${statement}`, (storage) => {
    const migrations = [...SHORT, { version: 3, sql: statement }];
    return problemOf(() => runMigrations(storage.sql, migrations));
  });
  expect(problem).toEqual([]);
});

test.each([
  "CREATE TABLE a (x); CREATE TABLE b (x)",
  "CREATE TABLE a (x TEXT DEFAULT ''); DROP TABLE messages",
  "CREATE TRIGGER a AFTER INSERT ON messages BEGIN DELETE FROM messages; END; CREATE TABLE b (x)",
  "CREATE TRIGGER a AFTER INSERT ON messages BEGIN SELECT 1; END; CREATE TRIGGER b AFTER DELETE ON messages BEGIN SELECT 1; END",
])("M12 two statements are two: %s", async (statements) => {
  const [code] = await storageOf("two", ({ sql }) =>
    problemOf(() => runMigrations(sql, [{ version: 1, sql: statements }])),
  );
  expect(code).toBe("broken");
});

test("M12 M6 versions of two owners do not meet", async () => {
  const rows = await storageOf("owners", (storage) => {
    runMigrations(storage, SHORT, "chat");
    runMigrations(storage, [{ version: 1, sql: "CREATE TABLE notes (x)" }], "notes");
    return storage.sql.exec("SELECT owner, version FROM perdure_migrations").toArray();
  });
  expect(rows).toEqual([
    { owner: "chat", version: 1 },
    { owner: "chat", version: 2 },
    { owner: "notes", version: 1 },
  ]);
});
