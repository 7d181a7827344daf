import { expect, test } from "vitest";
import { LiveReader } from "../support/live-reader.ts";
import { SessionWorld } from "../support/session-world.ts";

/** A session in mid-text, all of it durable, with one reader that has acknowledged everything and one that has not. */
async function inMidText() {
  const world = await SessionWorld.created();
  const runner = await world.runner();
  await world.prompt("p");
  await runner.beginPrompt("p");
  await runner.emit({ type: "start", messageId: "m" }, { type: "text-start", id: "t" });
  await runner.text("kept ");
  await world.settle();
  const upToDate = await LiveReader.connected(world);
  const behind = await LiveReader.connected(world);
  await upToDate.acknowledge();
  return { world, runner, upToDate, behind };
}

test("L2 R12 nobody keeps text that was lost with the object's memory, and its positions are used again", async () => {
  const { world, runner, upToDate, behind } = await inMidText();
  await runner.text("LOST ");
  await runner.text("TOO");
  await upToDate.pump();
  await behind.pump();
  expect([upToDate.openText, behind.openText]).toEqual(["kept LOST TOO", "kept LOST TOO"]);
  world.evict();
  // The process dies too, so that nobody holds what was lost.
  world.disconnect(runner.link);
  const next = await world.runner("process-2", "spool-2");
  await world.prompt("q");
  await next.answer("q", "new");
  for (const reader of [upToDate, behind]) {
    await reader.pump();
    expect(reader.messages.map(({ message }) => message)).toMatchObject([
      { id: "p" },
      { id: "m", parts: [{ text: "kept " }] },
      { id: "q" },
      { id: "q-reply", parts: [{ text: "new" }] },
    ]);
    const events = world.events();
    expect(reader.durable.map(({ event }) => event)).toEqual(events.slice(-reader.durable.length));
  }
});

test("R13 a reader that had acknowledged the head goes on without a word; any other is told and asks again", async () => {
  const { world, runner, upToDate, behind } = await inMidText();
  world.evict();
  expect(upToDate.link.kinds).toEqual([]);
  expect(behind.link.take()).toEqual([{ t: "head", i: "i2", d: 8 }]);
  await runner.text("on");
  expect(upToDate.link.take()).toMatchObject([
    { t: "events", i: "i2", p: 9, e: [{ type: "text-delta", delta: "on" }] },
  ]);
  expect(behind.link.kinds).toEqual([]);
});

test("R12 R13 after the loss of memory both readers have the same text, one of them without asking", async () => {
  const { world, runner, upToDate, behind } = await inMidText();
  await runner.text("lost ");
  await upToDate.pump();
  await behind.pump();
  world.evict();
  await behind.pump();
  await runner.resend();
  await runner.text("on");
  for (const reader of [upToDate, behind]) {
    await reader.pump();
    expect(reader.openText).toBe("kept lost on");
  }
  expect([upToDate.resyncs, behind.resyncs]).toEqual([0, 1]);
});

test("R25 a reader that has to say hello again is told with every flush until it does", async () => {
  const { world, behind } = await inMidText();
  world.evict();
  const told = () =>
    behind.link.take().map((frame) => (typeof frame === "string" ? "text" : frame.t));
  expect(told()).toEqual(["head"]);
  await world.command("a", { op: "set-meta", patch: { a: 1 } });
  await world.command("b", { op: "set-meta", patch: { a: 2 } });
  expect(told()).toEqual(["head", "head"]);
  await world.send(behind.link, { t: "hello", v: 1, after: 8 });
  await world.command("c", { op: "set-meta", patch: { a: 3 } });
  expect(told()).toEqual(["welcome", "events", "live", "events"]);
});

test("R13 an acknowledgement of a reader that the object has forgotten tells it", async () => {
  const { world, behind } = await inMidText();
  world.evict();
  behind.link.take();
  await world.send(behind.link, { t: "ack", d: 8 });
  expect(behind.link.take()).toEqual([{ t: "head", i: "i2", d: 8 }]);
});

test("W9 every frame but a bare string carries the incarnation", async () => {
  const { world, runner, upToDate } = await inMidText();
  world.evict();
  await runner.text("on");
  await world.send(upToDate.link, {
    t: "command",
    id: "c",
    command: { op: "set-meta", patch: { a: 1 } },
  });
  const frames = upToDate.link.take();
  expect(frames.map((frame) => typeof frame === "object" && frame.i)).toEqual(["i2", "i2", "i2"]);
  expect(runner.frames().at(-1)).toMatchObject({ t: "ack", i: "i2" });
});

test("C1 a command under way when memory is lost has one effect and one reply", async () => {
  const { world, behind } = await inMidText();
  const command = { t: "command", id: "once", command: { op: "set-meta", patch: { a: 1 } } };
  await world.send(behind.link, command);
  const first = behind.link
    .take()
    .find((frame) => typeof frame === "object" && frame.t === "reply");
  world.evict();
  behind.link.take();
  await world.send(behind.link, command);
  const [again] = behind.link.take();
  expect(again).toEqual({ ...(first as object), i: "i2" });
  expect(world.types().filter((type) => type === "session.meta")).toHaveLength(2);
});
