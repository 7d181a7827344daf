import { expect, test } from "vitest";
import { partitionGrace, partitionPolicy, runCommand } from "../../src/commands/run.ts";

test.each([
  ["10s", 10_000],
  ["90s", 90_000],
  ["30m", 1_800_000],
  ["24h", 86_400_000],
])("--partition-grace %s is %i ms", (text, milliseconds) => {
  expect(partitionGrace(text)).toBe(milliseconds);
});

test.each(["9s", "25h", "0s", "60", "1d", "-10s", "1.5m", "", "never"])(
  "--partition-grace %j is refused, with the bounds",
  (text) => {
    expect(() => partitionGrace(text)).toThrow(/from 10s to 24h/);
  },
);

test("N28 the agent works on unless told otherwise, and cancelling comes after 60 s", () => {
  expect(partitionPolicy({ onPartition: "continue" })).toEqual({ turn: "continue" });
  expect(partitionPolicy({ onPartition: "cancel" })).toEqual({ turn: "cancel", afterMs: 60_000 });
  expect(partitionPolicy({ onPartition: "cancel", partitionGrace: 10_000 })).toEqual({
    turn: "cancel",
    afterMs: 10_000,
  });
});

test("a grace without --on-partition=cancel is refused: it would have no effect", () => {
  expect(() => partitionPolicy({ onPartition: "continue", partitionGrace: 10_000 })).toThrow(
    /goes with --on-partition=cancel/,
  );
});

test("the help says what a partition does and how long the grace is", () => {
  const help = runCommand().helpInformation();
  expect(help).toContain("--on-partition <what>");
  expect(help.replaceAll(/\s+/g, " ")).toContain("10s to 24h (default: 60s)");
});
