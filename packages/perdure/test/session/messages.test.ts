import { expect, test } from "vitest";
import type { PlacedMessage } from "../../src/protocol/index.ts";
import { textOf } from "../../src/protocol/index.ts";
import { LiveReader } from "../support/live-reader.ts";
import { SessionWorld } from "../support/session-world.ts";
import { writingSession } from "./writing-session.ts";

const ids = (messages: readonly PlacedMessage[]) => messages.map(({ message }) => message.id);
const all = (world: SessionWorld) => world.session.history.recent(200);

test("L13 a message is written once, at its end, with its tool calls and results", async () => {
  const { world, runner } = await writingSession();
  await runner.text("Let me see.");
  await runner.emit(
    { type: "tool-input-available", toolCallId: "c", toolName: "read", input: { path: "a" } },
    { type: "tool-output-available", toolCallId: "c", output: "text of a" },
  );
  await world.settle();
  expect(all(world).map(({ message }) => message.id)).toEqual(["p"]);
  const { written } = world.sql.counts;
  await runner.end("p");
  // One row of the log, one message.
  expect(world.sql.counts.written - written).toBe(2);
  expect(all(world).at(-1)).toEqual({
    position: 6,
    turn: "p",
    at: world.clock.now() - 1_250,
    message: {
      id: "m",
      role: "assistant",
      parts: [
        { type: "text", text: "Let me see.", state: "done" },
        {
          type: "tool-read",
          toolCallId: "c",
          state: "output-available",
          input: { path: "a" },
          output: "text of a",
        },
      ],
    },
  });
});

test("L13 a message that an eviction found open is written whole", async () => {
  const { world, runner } = await writingSession();
  await runner.text("before, ");
  await world.settle();
  world.evict();
  await runner.text("after");
  await runner.end("p");
  expect(all(world).map(({ message }) => textOf(message))).toEqual(["hello", "before, after"]);
});

test("T14 messages are ordered by where they began, a prompt's by its queueing", async () => {
  const { world, runner } = await writingSession();
  await world.prompt("q");
  await runner.text("still writing");
  await runner.end("p");
  expect(all(world).map(({ message }) => message.id)).toEqual(["p", "m", "q"]);
});

test("the newest messages come oldest first, in pages, within 1 to 200", async () => {
  const world = await SessionWorld.created();
  const runner = await world.runner();
  for (let n = 1; n <= 105; n += 1) {
    await world.prompt(`p${n}`);
    await runner.answer(`p${n}`, "ok");
  }
  const newest = (limit: number) => ids(world.session.history.recent(limit));
  expect(newest(3)).toEqual(["p104-reply", "p105", "p105-reply"]);
  expect(newest(1_000)).toHaveLength(200);
  for (const limit of [0, -5, Number.NaN]) expect(newest(limit)).toEqual(["p105-reply"]);
  expect(newest(2.9)).toHaveLength(2);
  const page = world.session.history.messages(undefined, 4);
  const earlier = world.session.history.messages(page.messages[0]?.position, 300);
  expect([page.hasEarlier, earlier.hasEarlier]).toEqual([true, true]);
  expect(earlier.messages.at(-1)?.message.id).toBe("p103-reply");
});

test("a message of more than a megabyte, and its metadata, are kept whole and out of line", async () => {
  const { world, runner } = await writingSession();
  const long = "x".repeat(1_200_000);
  await runner.emit(
    { type: "text-delta", id: "t", delta: long },
    { type: "message-metadata", messageMetadata: { long } },
  );
  await runner.end("p");
  world.evict();
  const message = all(world).at(-1)?.message;
  expect(message?.parts).toEqual([{ type: "text", text: long, state: "done" }]);
  expect(message?.metadata).toEqual({ long });
  const sizes = world.sql.run<{ size: number }>(
    "SELECT length(parts) + length(coalesce(metadata, '')) AS size FROM messages",
  );
  expect(Math.max(...sizes.map(({ size }) => size))).toBeLessThan(1_000);
  await world.session.trim(world.session.events(0).head);
  expect(all(world).at(-1)?.message.metadata).toEqual({ long });
});

test("D11 a page reads one row more than it has messages, wherever it is", async () => {
  const world = await SessionWorld.created();
  const runner = await world.runner();
  for (let n = 1; n <= 60; n += 1) {
    await world.prompt(`p${n}`);
    await runner.answer(`p${n}`, "ok");
  }
  for (const before of [undefined, 200, 100]) {
    const { read } = world.sql.counts;
    expect(world.session.history.recent(5, before)).toHaveLength(5);
    expect(world.sql.counts.read - read).toBe(6);
  }
  const page = world.session.history.recent(2);
  const earlier = world.session.history.recent(2, page[0]?.position);
  expect(earlier.map(({ message }) => message.id)).toEqual(["p59", "p59-reply"]);
});

test("D11 a message is read by its position or its id, and none where there is none", async () => {
  const world = await SessionWorld.created();
  const runner = await world.runner();
  for (const turn of ["p1", "p2"]) {
    await world.prompt(turn);
    await runner.answer(turn, "ok");
  }
  for (const one of all(world)) {
    expect(world.session.history.find(one.position)).toEqual(one);
    expect(world.session.history.find(one.message.id)).toEqual(one);
  }
  for (const none of ["nobody", 0, 1, 99, -1, 1.5])
    expect(world.session.history.find(none)).toBe(undefined);
  const { read } = world.sql.counts;
  world.session.history.find("p1");
  // Its command, and itself.
  expect(world.sql.counts.read - read).toBe(2);
});

test("D11 R17 pages and snapshots end before they are too large, but hold at least one message", async () => {
  const { world, runner } = await writingSession();
  await runner.text("x".repeat(3_000_000));
  await runner.end("p");
  await world.prompt("q", "y".repeat(100_000));
  await runner.answer("q", "z".repeat(3_000_000));
  const page = world.session.history.messages(undefined, 10);
  expect([ids(page.messages), page.hasEarlier]).toEqual([["q", "q-reply"], true]);
  const earlier = world.session.history.messages(page.messages[0]?.position, 10);
  expect([ids(earlier.messages), earlier.hasEarlier]).toEqual([["p", "m"], false]);
  const reader = new LiveReader(world, null);
  await reader.connect();
  expect(ids(reader.messages)).toEqual(["q-reply"]);
});

test("R10 a reader whose snapshot alone fills the window goes on when it has acknowledged it", async () => {
  const { world, runner } = await writingSession();
  await runner.text("x".repeat(5_000_000));
  await runner.end("p");
  const reader = new LiveReader(world, null);
  await reader.connect();
  expect(reader.reader.view.isLive).toBe(false);
  await world.prompt("q");
  await reader.acknowledge();
  await reader.acknowledge();
  expect(reader.reader.view.isLive).toBe(true);
  expect(reader.messages.map(({ message }) => message.id)).toEqual(["m", "q"]);
});
