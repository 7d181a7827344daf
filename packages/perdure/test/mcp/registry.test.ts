import { expect, test } from "vitest";
import { Registry } from "../../src/mcp/registry.ts";
import { REGISTRY_MIGRATIONS } from "../../src/mcp/registry-schema.ts";
import { migrate } from "../../src/object/index.ts";
import { NodeSql } from "../support/node-sql.ts";

function newRegistry() {
  const sql = new NodeSql();
  migrate(sql, [{ owner: "mcp-registry", migrations: REGISTRY_MIGRATIONS }]);
  return { sql, registry: new Registry(sql) };
}

/** Rows that some work writes, without those of indexes. */
function writtenBy(sql: NodeSql, work: () => void): number {
  const before = sql.counts.written;
  work();
  return sql.counts.written - before;
}

const rowsOf = (sql: NodeSql) =>
  ["mcp_sessions", "mcp_followers", "mcp_broadcasts"].map(
    (table) => sql.run(`SELECT * FROM ${table}`).length,
  );

test("F110 a session joins and leaves with one row each, and again without any", () => {
  const { sql, registry } = newRegistry();
  expect(writtenBy(sql, () => registry.join("a"))).toBe(1);
  expect(writtenBy(sql, () => registry.join("a"))).toBe(0);
  expect(rowsOf(sql)).toEqual([1, 0, 0]);
  expect(writtenBy(sql, () => registry.leave("a"))).toBe(1);
  expect(writtenBy(sql, () => registry.leave("a"))).toBe(0);
  expect(rowsOf(sql)).toEqual([0, 0, 0]);
});

test("F111 the followers of a URI are those of exactly this URI", () => {
  const { sql, registry } = newRegistry();
  expect(writtenBy(sql, () => registry.follow("file:///a", "2"))).toBe(1);
  expect(writtenBy(sql, () => registry.follow("file:///a", "2"))).toBe(0);
  registry.follow("file:///a", "1");
  registry.follow("file:///a/", "3");
  registry.follow("FILE:///a", "4");
  expect(registry.followers("file:///a")).toEqual(["1", "2"]);
  expect(registry.followers("file:///b")).toEqual([]);
  expect(writtenBy(sql, () => registry.unfollow("file:///a", "1"))).toBe(1);
  expect(writtenBy(sql, () => registry.unfollow("file:///a", "1"))).toBe(0);
  expect(registry.followers("file:///a")).toEqual(["2"]);
});

test("F111 a URI that is too long is refused", () => {
  const { registry } = newRegistry();
  registry.follow("x".repeat(4096), "a");
  expect(() => registry.follow("x".repeat(4097), "a")).toThrow(
    expect.objectContaining({
      code: "too_large",
      message: "A URI to follow has at most 4096 UTF-16 units, not 4097.",
    }),
  );
});

test("F112 of a session that is forgotten no row is left", () => {
  const { sql, registry } = newRegistry();
  for (const session of ["a", "b"]) {
    registry.join(session);
    registry.follow("file:///1", session);
    registry.follow("file:///2", session);
  }
  registry.forget("a");
  expect(registry.followers("file:///1")).toEqual(["b"]);
  expect(registry.followers("file:///2")).toEqual(["b"]);
  expect(rowsOf(sql)).toEqual([1, 2, 0]);
  registry.forget("b");
  registry.forget("b");
  expect(rowsOf(sql)).toEqual([0, 0, 0]);
});

test("F113 a registry makes one secret of 32 random bytes, and keeps it", () => {
  const { sql, registry } = newRegistry();
  const secret = registry.secret();
  expect(Buffer.from(secret, "base64")).toHaveLength(32);
  expect(writtenBy(sql, () => expect(new Registry(sql).secret()).toBe(secret))).toBe(0);
  expect(newRegistry().registry.secret()).not.toBe(secret);
});
