import type { RunnerEvent } from "perdure/protocol";
import { MAX_RUNNER_FRAME_BYTES } from "perdure/protocol";
import { expect, test } from "vitest";
import { fitEvent, MAX_EVENT_BYTES } from "../../src/runner/fit-event.ts";

const size = (event: RunnerEvent | undefined) => Buffer.byteLength(JSON.stringify(event));

const question = (end: string): RunnerEvent => ({
  type: "approval.requested",
  approval: "1.1",
  turn: "t",
  kind: "edit",
  title: "Edit",
  input: { text: `${"x".repeat(5_000_000)}${end}` },
  options: [],
  at: 1,
});

test("an event that fits is left alone", () => {
  const event: RunnerEvent = { type: "text-delta", id: "t", delta: "x".repeat(1_000) };
  expect(fitEvent(event)).toEqual([event]);
});

test("a delta that is too large is split, and nothing of it is lost", () => {
  const delta = "\u{1F600}\u0000".repeat(400_000);
  const pieces = fitEvent({ type: "text-delta", id: "t", delta });
  expect(pieces.map((piece) => ("delta" in piece ? piece.delta : "")).join("")).toBe(delta);
  expect(Math.max(...pieces.map(size))).toBeLessThan(MAX_EVENT_BYTES);
});

test("an output that is too large is shortened, says so, and names what it was", () => {
  const [one, ...others] = fitEvent({
    type: "tool-output-available",
    toolCallId: "c",
    output: { rawOutput: `a${"é".repeat(5_000_000)}`, small: "kept" },
  });
  expect(others).toEqual([]);
  expect(size(one)).toBeLessThan(MAX_RUNNER_FRAME_BYTES);
  expect(one).toMatchObject({ type: "tool-output-available", output: { small: "kept" } });
  expect(JSON.stringify(one)).toMatch(/characters were left out; SHA-256 of all: [0-9a-f]{64}/);
});

test("two questions that differ only in what is left out stay different", () => {
  expect(fitEvent(question("a"))).not.toEqual(fitEvent(question("b")));
});

test("content that cannot be shortened says that it was left out", () => {
  const numbers = Array.from({ length: 3_000_000 }, () => 1);
  expect(fitEvent({ type: "data-numbers", data: numbers })).toEqual([
    { type: "data-acp", data: { leftOut: "data-numbers", bytes: 6_000_032 } },
  ]);
});
