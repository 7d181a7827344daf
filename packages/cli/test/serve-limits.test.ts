import { expect, test } from "vitest";
import { maxActiveSessions, maxConnections } from "../src/serve/open-files.ts";
import { restartDelay } from "../src/serve/restart-backoff.ts";

test.for([
  [1_024, 153],
  [20_000, 3_948],
  [1_048_576, 209_664],
] as const)(
  "With %i open files, %i sockets on as many active objects fit besides 256 others",
  ([openFiles, expected]) => {
    expect(maxConnections(openFiles)).toBe(expected);
    expect(expected * 2 + expected * 3 + 256).toBeLessThanOrEqual(openFiles);
  },
);

test.for([
  [400, 28, 72],
  [1_024, 153, 196],
  [1_024, 5, 295],
  [20_000, 3_948, 3_992],
] as const)(
  "With %i open files and %i sockets, %i sessions may be awake besides 128 other files",
  ([openFiles, connections, expected]) => {
    expect(maxActiveSessions(openFiles, connections)).toBe(expected);
    expect(connections * 2 + expected * 3 + 128).toBeLessThanOrEqual(openFiles);
    expect(expected).toBeGreaterThan(connections);
  },
);

test("At least 16 sessions may be awake, however low the limit is", () => {
  expect(maxActiveSessions(64, 16)).toBe(16);
});

test("At least 16 connections are admitted, however low the limit is", () => {
  expect(maxConnections(300)).toBe(16);
  expect(maxConnections(64)).toBe(16);
});

test("A request for fewer connections is granted, one for more is not", () => {
  expect(maxConnections(1_024, 5)).toBe(5);
  expect(maxConnections(1_024, 100_000)).toBe(153);
});

test("Each crash doubles the delay before a restart, up to five seconds", () => {
  const delays: number[] = [];
  for (let crash = 0; crash < 7; crash += 1) delays.push(restartDelay(delays.at(-1), 0));
  expect(delays).toEqual([250, 500, 1_000, 2_000, 4_000, 5_000, 5_000]);
});

test("Ten seconds of health make the next crash the first", () => {
  expect(restartDelay(4_000, 999)).toBe(5_000);
  expect(restartDelay(4_000, 1_000)).toBe(250);
});
