import { expect, test } from "vitest";
import { textOf } from "../../src/protocol/index.ts";
import { SessionWorld } from "../support/session-world.ts";

test("a prompt reaches the runner, its answer the reader, and the message the table", async () => {
  const world = await SessionWorld.created();
  const reader = await world.reader();
  const runner = await world.runner();
  expect(await world.prompt("p1")).toEqual({ ok: true, result: { turn: "p1", position: 4 } });
  const [command] = runner.commands();
  expect(command).toMatchObject({ kind: "prompt", command: 4, turn: "p1" });
  await runner.begin(4);
  await runner.emit({ type: "start", messageId: "p1-reply" }, { type: "text-start", id: "t" });
  for (const word of ["one ", "two ", "three"]) await runner.text(word);
  await runner.end("p1");
  const frames = reader.take();
  console.log(JSON.stringify(frames, null, 1));
  const { messages } = world.session.messages();
  expect(messages.map(({ message }) => textOf(message))).toEqual(["hello", "one two three"]);
});
