import { expect, test } from "vitest";
import { ConnectionGate } from "../../src/http/connection-gate.ts";

const nothing = async () => {};

test("the gate counts what each session reports last", () => {
  const gate = new ConnectionGate();
  gate.report("a", 2);
  gate.report("b", 3);
  gate.report("a", 1);
  expect([gate.count, gate.sessions]).toEqual([4, ["a", "b"]]);
  gate.report("b", 0);
  expect([gate.count, gate.sessions]).toEqual([1, ["a"]]);
});

test("connections that are being opened count, so that a crowd does not slip through together", async () => {
  const gate = new ConnectionGate();
  const opened = Promise.withResolvers<void>();
  const first = gate.admit(1, () => opened.promise);
  await expect(gate.admit(1, nothing)).rejects.toMatchObject({ code: "too_many_connections" });
  opened.resolve();
  await first;
  await expect(gate.admit(1, nothing)).resolves.toBeUndefined();
});

test("a connection that could not be opened does not count", async () => {
  const gate = new ConnectionGate();
  await expect(gate.admit(1, () => Promise.reject(new Error("no")))).rejects.toThrow("no");
  expect(gate.count).toBe(0);
});

test("without a limit everyone is admitted", async () => {
  const gate = new ConnectionGate();
  gate.report("a", 100_000);
  await expect(gate.admit(undefined, nothing)).resolves.toBeUndefined();
});
