import { expect, test } from "vitest";
import { ClientNumbers, CONNECTION_MIGRATIONS } from "../../src/connection/client-numbers.ts";
import { migrate } from "../../src/object/index.ts";
import { MAX_NUMBERED_CLIENTS, NUMBERED_CLIENT_MS } from "../../src/protocol/index.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { NodeSql } from "../support/node-sql.ts";

function open() {
  const sql = new NodeSql();
  migrate(sql, [{ owner: "connection", migrations: CONNECTION_MIGRATIONS }]);
  const clock = new FakeClock();
  return { clock, sql, numbers: new ClientNumbers({ isBlank: false, sql }, clock) };
}

test("E53 a client is forgotten 30 days after its last number, when another is new", () => {
  const { clock, numbers } = open();
  numbers.remember({ client: "old", n: 3 });
  clock.advance(NUMBERED_CLIENT_MS);
  numbers.remember({ client: "kept", n: 1 });
  expect(numbers.lastOf("old")).toBe(3);
  clock.advance(1);
  numbers.remember({ client: "kept", n: 2 });
  expect(numbers.lastOf("old")).toBe(3);
  numbers.remember({ client: "new", n: 1 });
  expect([numbers.lastOf("old"), numbers.lastOf("kept")]).toEqual([0, 2]);
});

test("E53 the clients that were there last are remembered", () => {
  const { clock, sql, numbers } = open();
  for (let client = 0; client <= MAX_NUMBERED_CLIENTS; client += 1) {
    clock.advance(1);
    numbers.remember({ client: `client-${client}`, n: 1 });
  }
  expect(sql.run("SELECT count(*) AS count FROM connection_clients")).toEqual([
    { count: MAX_NUMBERED_CLIENTS },
  ]);
  expect([numbers.lastOf("client-0"), numbers.lastOf("client-1")]).toEqual([0, 1]);
});

test("E50 a numbered event is one row", () => {
  const { sql, numbers } = open();
  numbers.remember({ client: "client", n: 1 });
  const before = sql.counts.written;
  numbers.remember({ client: "client", n: 2 });
  expect(sql.counts.written - before).toBe(1);
});

test("E54 a number that is behind one that was faster does not take it back", () => {
  const { numbers } = open();
  numbers.remember({ client: "client", n: 2 });
  numbers.remember({ client: "client", n: 1 });
  expect(numbers.lastOf("client")).toBe(2);
});
