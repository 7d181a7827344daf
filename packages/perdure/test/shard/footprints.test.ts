import { expect, test } from "vitest";
import { Analyses } from "../../src/shard/analysis.ts";
import { RowSet } from "../../src/shard/footprint.ts";
import { mutationSql } from "../../src/shard/tracked-sql.ts";
import { NodeSql } from "../support/node-sql.ts";
import { changedBy, readBy, READS, SCHEMA, WRITES } from "./footprint-cases.ts";

const sql = new NodeSql();
sql.script(SCHEMA);
const analyses = new Analyses(sql);

test.each(READS)("Z16 a query reads, by its program: %s", (statement, bindings, rows) => {
  expect(readBy(sql, statement, bindings)).toEqual(rows);
});

test.each(WRITES)(
  "Z17 a mutation changes, by its program and its rows: %s (%j)",
  (statement, columns, rows) => {
    expect(changedBy(sql, statement, columns)).toEqual(rows);
  },
);

test("Z17 what a statement has written before it failed counts, where its handler goes on", () => {
  const set = new RowSet();
  const handler = mutationSql(sql, analyses, set, () => [["board"]]);
  expect(() =>
    sql.transaction(() =>
      handler.run("INSERT OR FAIL INTO tasks (id, board) VALUES (9, 'b'), (1, 'a')"),
    ),
  ).toThrow(/UNIQUE/);
  expect(set.all()).toEqual([["tasks"]]);
});

test("Z17 a statement answers what it always does, whatever else it was asked", () => {
  const handler = mutationSql(sql, analyses, new RowSet(), () => [["board"], [":rowid"]]);
  expect(handler.all("INSERT INTO tasks (board) VALUES ('q') RETURNING *, n AS m")).toEqual([
    { id: 3, board: "q", n: null, title: null, size: null, m: null },
  ]);
  expect(handler.all("UPDATE tasks SET n = 4 WHERE board = 'q'")).toEqual([]);
  expect(handler.run("DELETE FROM tasks WHERE board = 'q'")).toBe(1);
});
