import { expect, test } from "vitest";
import { Producers } from "../../src/log/index.ts";
import { LogWorld } from "./log-world.ts";

test("N10 each producer has its own number, kept over an eviction", () => {
  const { sql } = new LogWorld();
  const producers = new Producers(sql);
  producers.keep("spool-1", 1, 40);
  producers.keep("spool-2", 2, 7);
  producers.keep("spool-1", 3, 44);
  const again = new Producers(sql);
  expect([again.last("spool-1"), again.last("spool-2"), again.last("spool-3")]).toEqual([
    44,
    7,
    undefined,
  ]);
});

test("N10 keeping a number again costs one row", () => {
  const { sql } = new LogWorld();
  const producers = new Producers(sql);
  producers.keep("spool-1", 1, 40);
  const { written } = sql.counts;
  producers.keep("spool-1", 1, 41);
  expect(sql.counts.written - written).toBe(1);
});
