import { expect, test } from "vitest";
import { textOf } from "../../src/protocol/index.ts";
import { SessionWorld } from "../support/session-world.ts";
import { writingSession } from "./writing-session.ts";

const all = (world: SessionWorld) => world.session.recentMessages(200);

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
  const ids = (limit: number) =>
    world.session.recentMessages(limit).map(({ message }) => message.id);
  expect(ids(3)).toEqual(["p104-reply", "p105", "p105-reply"]);
  expect(ids(1_000)).toHaveLength(200);
  for (const limit of [0, -5, Number.NaN]) expect(ids(limit)).toEqual(["p105-reply"]);
  expect(ids(2.9)).toHaveLength(2);
  const page = world.session.messages(undefined, 4);
  const earlier = world.session.messages(page.messages[0]?.position, 300);
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
