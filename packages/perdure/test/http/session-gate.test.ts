import { expect, test } from "vitest";
import { SessionGate } from "../../src/http/session-gate.ts";

const LIMIT = 2;

const nothing = async () => {};

/** A gate at an hour that the test sets. */
function gateWithClock() {
  const clock = { now: 1_000_000 };
  const gate = new SessionGate(() => clock.now);
  const call = (session: string) => gate.admit(session, LIMIT, nothing);
  return { gate, clock, call };
}

const REFUSAL = { code: "unavailable", extra: { limit: LIMIT } };

test("a session that was used counts until it has been idle for 12 s", async () => {
  const { clock, call } = gateWithClock();
  await call("a");
  clock.now += 5_000;
  await call("b");
  clock.now += 6_999;
  await expect(call("c")).rejects.toMatchObject(REFUSAL);
  clock.now += 1;
  await call("c");
  await expect(call("a")).rejects.toMatchObject(REFUSAL);
});

test("a session that counts is called at the limit too, and from then on counts for longer", async () => {
  const { clock, call } = gateWithClock();
  await call("a");
  await call("b");
  clock.now += 11_000;
  await call("a");
  clock.now += 2_000;
  await call("c");
  await expect(call("d")).rejects.toMatchObject(REFUSAL);
});

test("a call counts for as long as it takes, and 12 s more", async () => {
  const { gate, clock, call } = gateWithClock();
  const answer = Promise.withResolvers<void>();
  const slow = gate.admit("slow", LIMIT, () => answer.promise);
  clock.now += 60_000;
  await call("b");
  await expect(call("c")).rejects.toMatchObject(REFUSAL);
  answer.resolve();
  await slow;
  clock.now += 11_999;
  expect(gate.count).toBe(1 + 1);
  clock.now += 1;
  expect(gate.count).toBe(0);
});

test("a call that fails has waked its session all the same", async () => {
  const { gate } = gateWithClock();
  const failed = gate.admit("a", LIMIT, () => Promise.reject(new Error("no")));
  await expect(failed).rejects.toThrow("no");
  expect(gate.count).toBe(1);
});

test("a session with connections counts once and for as long as it has them, and 12 s more", async () => {
  const { gate, clock, call } = gateWithClock();
  gate.report("a", 3);
  await call("a");
  clock.now += 3_600_000;
  gate.report("a", 1);
  expect(gate.count).toBe(1);
  gate.report("a", 0);
  clock.now += 11_999;
  expect(gate.count).toBe(1);
  clock.now += 1;
  expect(gate.count).toBe(0);
});

test("whoever is refused is forgotten at once", async () => {
  const { gate, call } = gateWithClock();
  await call("a");
  await call("b");
  for (let guess = 0; guess < 1_000; guess += 1)
    await expect(call(`guess-${guess}`)).rejects.toMatchObject(REFUSAL);
  expect(gate.count).toBe(LIMIT);
});

test("a clock that is set back keeps nobody out", async () => {
  const { clock, call } = gateWithClock();
  await call("a");
  await call("b");
  clock.now -= 60_000;
  await expect(call("c")).resolves.toBeUndefined();
});

test("without a limit everyone is admitted and nobody remembered", async () => {
  const { gate } = gateWithClock();
  for (let count = 0; count < 100; count += 1) await gate.admit(`s${count}`, undefined, nothing);
  expect(gate.count).toBe(0);
});
