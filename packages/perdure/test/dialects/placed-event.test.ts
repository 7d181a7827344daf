import { expect, test } from "vitest";
import { placeEvents } from "../../src/dialects/placed-event.ts";

test("every delta of a run has a position of its own, and what follows the next one", () => {
  expect(
    placeEvents(10, [
      { type: "reasoning-delta", id: "r", delta: "abc", splits: [1, 0, 2] },
      { type: "finish" },
    ]),
  ).toEqual([
    { position: 10, type: "reasoning-delta", id: "r", delta: "a" },
    { position: 11, type: "reasoning-delta", id: "r", delta: "" },
    { position: 12, type: "reasoning-delta", id: "r", delta: "bc" },
    { position: 13, type: "finish" },
  ]);
});

test("a field of an event does not take the place of its position", () => {
  const event = { type: "data-x", data: 1, position: 99 } as const;
  expect(placeEvents(1, [event])).toEqual([{ type: "data-x", data: 1, position: 1 }]);
});
