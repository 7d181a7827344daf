import { expect, test } from "vitest";
import { LiveReader } from "../support/live-reader.ts";
import { writingSession } from "./writing-session.ts";

test("W6 a run is one header and then bare strings", async () => {
  const { world, runner } = await writingSession();
  const link = await world.reader();
  link.take();
  for (const text of ["one ", "two ", "three"]) await runner.text(text);
  expect(link.take()).toEqual([
    { t: "events", i: "i1", p: 8, d: 5, e: [{ type: "text-delta", id: "t", delta: "one " }] },
    "two ",
    "three",
  ]);
  await runner.emit({ type: "text-delta", id: "other", delta: "new run" });
  await runner.emit({ type: "text-delta", id: "other", delta: "!" });
  expect(link.kinds).toEqual(["events", "text"]);
});

test("W6 a reader that comes in the middle of a run and has missed nothing gets a header first", async () => {
  const { world, runner } = await writingSession();
  await runner.text("one ");
  await world.settle();
  const link = await world.reader(8);
  expect(link.kinds).toEqual(["welcome", "live"]);
  link.take();
  await runner.text("two ");
  await runner.text("three");
  expect(link.take()).toMatchObject([{ t: "events", p: 9, e: [{ delta: "two " }] }, "three"]);
});

test("W6 a reader that was given the run so far goes on with bare strings", async () => {
  const { world, runner } = await writingSession();
  await runner.text("one ");
  await runner.text("two ");
  const reader = await LiveReader.connected(world, 0);
  await runner.text("three");
  expect(reader.link.kinds).toEqual(["text"]);
  await reader.pump();
  expect(reader.openText).toBe("one two three");
});

test("R9 live readers are told when the head advances", async () => {
  const { world, runner } = await writingSession();
  world.showsPeople = false;
  const link = await world.reader();
  link.take();
  await runner.text("one ");
  await runner.text("two ");
  link.take();
  await world.settle();
  expect(link.take()).toEqual([{ t: "head", d: 9, i: "i1" }]);
  await runner.text("three");
  await world.command("meta", { op: "set-meta", patch: { a: 1 } });
  expect(link.take()).toMatchObject(["three", { t: "events", p: 11, d: 11 }]);
});

test("the wire to one reader is at most 4 times the text, for 1,000 tokens of 4 characters", async () => {
  const { world, runner } = await writingSession();
  const link = await world.reader();
  link.takeBytes();
  let bytes = 0;
  for (let token = 0; token < 1_000; token += 1) {
    await runner.text("abcd");
    world.clock.advance(token % 3 === 0 ? 16 : 17);
    bytes += link.takeBytes();
  }
  await runner.end("p");
  bytes += link.takeBytes();
  expect(bytes).toBeLessThanOrEqual(4 * 4_000);
  expect(bytes).toBeGreaterThan(4_000);
});
