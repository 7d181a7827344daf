import { expect, test } from "vitest";
import type { SessionEvent } from "../../src/protocol/index.ts";
import { continues, dropFromRun, mergeRuns, splitRun, widthOf } from "../../src/protocol/index.ts";

const text = (delta: string, id = "t1"): SessionEvent => ({ type: "text-delta", id, delta });

const piece = (inputTextDelta: string): SessionEvent => ({
  type: "tool-input-delta",
  toolCallId: "c1",
  inputTextDelta,
});

const thought = (delta: string): SessionEvent => ({ type: "reasoning-delta", id: "r1", delta });

test("W7 adjacent deltas of one part are one event with the length of each", () => {
  expect(mergeRuns([text("Hel"), text("lo"), text(" you")])).toEqual([
    { type: "text-delta", id: "t1", delta: "Hello you", splits: [3, 2, 4] },
  ]);
});

test("W7 a run of n deltas takes n positions, and an event one", () => {
  const [run, end] = mergeRuns([text("a"), text("b"), { type: "text-end", id: "t1" }]);
  expect([run, end].map((event) => event && widthOf(event))).toEqual([2, 1]);
});

test("W8 a delta that stands alone stays as it is", () => {
  expect(mergeRuns([text("a")])).toEqual([text("a")]);
});

test("W8 deltas that differ in anything but the text are not merged", () => {
  const others: SessionEvent[] = [
    text("a"),
    text("b", "t2"),
    { type: "reasoning-delta", id: "t2", delta: "c" },
    { type: "text-delta", id: "t2", delta: "d", providerMetadata: { a: 1 } },
    { type: "text-delta", id: "t2", delta: "e", providerMetadata: { a: 2 } },
  ];
  expect(mergeRuns(others)).toEqual(others);
});

test("W8 what stands between two deltas keeps them apart", () => {
  const events: SessionEvent[] = [text("a"), { type: "start-step" }, text("b")];
  expect(mergeRuns(events)).toEqual(events);
});

test("W8 pieces of a tool's input and reasoning are merged like text", () => {
  expect(mergeRuns([piece("{"), piece("}"), thought("a"), thought("b")])).toEqual([
    { type: "tool-input-delta", toolCallId: "c1", inputTextDelta: "{}", splits: [1, 1] },
    { type: "reasoning-delta", id: "r1", delta: "ab", splits: [1, 1] },
  ]);
});

test("W8 splitting gives back the very deltas, empty ones and halves of a surrogate pair included", () => {
  const deltas = ["", "a", "\ud83d", "\ude00", "", "é", "\ud83d\ude00", ""].map((one) => text(one));
  const [run, ...rest] = mergeRuns(deltas);
  expect(rest).toEqual([]);
  expect(run && splitRun(run)).toEqual(deltas);
  expect(run && splitRun(JSON.parse(JSON.stringify(run)))).toEqual(deltas);
});

test("R3 what is left of a run after any number of its deltas are the others", () => {
  const deltas = ["a", "", "\ud83d", "\ude00", "bcd", ""].map((one) => text(one));
  const [run] = mergeRuns(deltas);
  for (let count = 0; count <= deltas.length; count += 1)
    expect(run && splitRun(dropFromRun(run, count))).toEqual(deltas.slice(count));
});

test("R3 an event that is no run is left whole", () => {
  const end: SessionEvent = { type: "text-end", id: "t1" };
  expect([dropFromRun(end, 0), splitRun(end), dropFromRun(text("abc"), 0)]).toEqual([
    end,
    [end],
    text("abc"),
  ]);
});

test("W6 the delta that follows on is told from any other", () => {
  const [run] = mergeRuns([text("a"), text("b")]);
  expect(run && continues(run, text("c"))).toBe(true);
  expect(run && continues(run, text("c", "t2"))).toBe(false);
  expect(continues({ type: "text-end", id: "t1" }, { type: "text-end", id: "t1" })).toBe(false);
});
