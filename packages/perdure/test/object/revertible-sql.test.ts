import { expect, test } from "vitest";
import { RevertibleSql } from "../../src/object/index.ts";
import { NodeSql } from "../support/node-sql.ts";

/** A counter in memory and in a table, which must never differ. */
function counter() {
  let inMemory = 0;
  const storage = new NodeSql();
  storage.script("CREATE TABLE counter (value INTEGER); INSERT INTO counter VALUES (0)");
  const sql = new RevertibleSql(storage, {
    mark: () => {
      const marked = inMemory;
      return () => {
        inMemory = marked;
      };
    },
  });
  const add = (amount: number) => {
    sql.run("UPDATE counter SET value = value + ?", amount);
    inMemory += amount;
  };
  const values = () => [inMemory, sql.run("SELECT value FROM counter")[0]?.["value"]];
  return { sql, add, values };
}

function fail(): never {
  throw new Error("undone");
}

test("L14 a transaction that throws takes memory back with it", () => {
  const { sql, add, values } = counter();
  sql.transaction(() => add(1));
  expect(() =>
    sql.transaction(() => {
      add(10);
      fail();
    }),
  ).toThrow("undone");
  expect(values()).toEqual([1, 1]);
});

test("L14 an inner transaction that throws takes back only what it did", () => {
  const { sql, add, values } = counter();
  sql.transaction(() => {
    add(1);
    expect(() =>
      sql.transaction(() => {
        add(10);
        fail();
      }),
    ).toThrow("undone");
    add(100);
  });
  expect(values()).toEqual([101, 101]);
});

test("L14 an outer transaction that throws takes back what an inner one kept", () => {
  const { sql, add, values } = counter();
  expect(() =>
    sql.transaction(() => {
      add(1);
      sql.transaction(() => add(10));
      fail();
    }),
  ).toThrow("undone");
  expect(values()).toEqual([0, 0]);
});
