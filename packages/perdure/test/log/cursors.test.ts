import { expect, test } from "vitest";
import type { SessionEvent } from "../../src/protocol/index.ts";
import { finish, LogWorld, text } from "./log-world.ts";

/** A log with everything that a reader may stand in: runs of all kinds, flushes inside of them, large events. */
function scripted(): { readonly world: LogWorld; readonly events: readonly SessionEvent[] } {
  const world = new LogWorld();
  const flushes: readonly (readonly SessionEvent[])[] = [
    [{ type: "start", messageId: "m" }, { type: "text-start", id: "t" }, text("The "), text("sun")],
    [text(" rises"), text(""), text(" in"), text(" the \ud83c"), text("\udf05 east")],
    [text("."), { type: "text-end", id: "t" }],
    [
      { type: "reasoning-delta", id: "r", delta: "so" },
      { type: "reasoning-delta", id: "r", delta: " then" },
      { type: "reasoning-delta", id: "other", delta: "but" },
      { type: "text-delta", id: "r", delta: "no reasoning" },
      { type: "text-delta", id: "r", delta: ", text", providerMetadata: { a: { b: 1 } } },
      { type: "text-delta", id: "r", delta: " with more", providerMetadata: { a: { b: 1 } } },
    ],
    [finish],
    [
      { type: "tool-input-delta", toolCallId: "c", inputTextDelta: '{"path' },
      { type: "tool-input-delta", toolCallId: "c", inputTextDelta: '":' },
      { type: "tool-input-delta", toolCallId: "c", inputTextDelta: '"a"}' },
      { type: "data-large", data: "é".repeat(140_000) },
      text("after"),
      text(" the large one"),
    ],
    Array.from({ length: 40 }, (_, index) => text(`${index} `.repeat(1_000))),
  ];
  for (const events of flushes) {
    world.append(...events);
    world.flush();
  }
  return { world, events: flushes.flat() };
}

test("L4 reading after every cursor gives exactly the events after it, from inside a run too", () => {
  const { world, events } = scripted();
  expect(world.log.head).toBe(events.length);
  for (let cursor = 0; cursor <= events.length; cursor += 1)
    expect(world.after(cursor)).toEqual(events.slice(cursor));
});

test("L4 also page by page, whatever the size of a page, and after an eviction", () => {
  const { world, events } = scripted();
  world.load();
  for (const maxLength of [1, 60, 400, 5_000])
    for (let cursor = 0; cursor <= events.length; cursor += 5)
      expect(world.after(cursor, maxLength)).toEqual(events.slice(cursor));
});

test("L4 also from every cursor that retention has left", () => {
  const { world, events } = scripted();
  for (let position = 1; position <= events.length; position += 1) {
    const floor = world.log.trim(position);
    expect(floor).toBeLessThanOrEqual(position);
    for (const cursor of [floor, floor + 1, world.log.head])
      expect(world.after(cursor)).toEqual(events.slice(cursor));
  }
});

test("a page below the floor says where it begins", () => {
  const { world, events } = scripted();
  const floor = world.log.trim(9);
  expect(floor).toBe(9);
  expect(world.log.read(4)).toEqual(world.log.read(9));
  expect(world.log.read(0).position).toBe(10);
  expect(world.after(9)).toEqual(events.slice(9));
});
