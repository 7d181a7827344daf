import { expect, test } from "vitest";
import { PerdureError } from "../../src/protocol/index.ts";
import { FakeRunner } from "../support/fake-runner.ts";
import { SessionWorld } from "../support/session-world.ts";
import { writingSession } from "./writing-session.ts";

const delta = (text: string) => ({ type: "text-delta", id: "t", delta: text }) as const;
const texts = (world: SessionWorld) =>
  world.events().flatMap((event) => (event.type === "text-delta" ? [event.delta] : []));

test("N6 N7 events are taken in order, each once; a gap takes nothing and is told what is expected", async () => {
  const { world, runner } = await writingSession();
  expect(runner.next).toBe(5);
  runner.frames();
  await runner.send(7, [delta("c")]);
  expect(runner.frames()).toEqual([{ t: "expect", i: "i1", r: 4 }]);
  await runner.send(5, [delta("a"), delta("b")]);
  await runner.send(5, [delta("a"), delta("b")]);
  await runner.send(6, [delta("b"), delta("c")]);
  await runner.send(3, [delta("?"), delta("?"), delta("a"), delta("b"), delta("c"), delta("d")]);
  await world.settle();
  expect(texts(world)).toEqual(["a", "b", "c", "d"]);
  expect(runner.frames().at(-1)).toMatchObject({ t: "ack", r: 8 });
});

test("N8 only what is durable is acknowledged: after 1.25 s, after 32,768 characters, at a barrier", async () => {
  const { world, runner } = await writingSession();
  await runner.text("one");
  expect(runner.acknowledged).toBe(2);
  world.clock.advance(1_249);
  expect(runner.acknowledged).toBe(2);
  await world.settle();
  expect(runner.acknowledged).toBe(5);
  await runner.text("x".repeat(32_768));
  expect(runner.acknowledged).toBe(6);
  await runner.text("small");
  await runner.emit({ type: "tasks.changed", tasks: [], at: 0 });
  expect(runner.acknowledged).toBe(6);
  await runner.ask("a", "p");
  expect(runner.acknowledged).toBe(9);
  await runner.text("small");
  await world.command("m", { op: "set-meta", patch: { a: 1 } });
  expect(runner.acknowledged).toBe(10);
});

test("N8 a frame with nothing new is acknowledged again, with what is durable", async () => {
  const { runner } = await writingSession();
  await runner.text("not durable");
  runner.frames();
  await runner.send(5, [delta("not durable")]);
  expect(runner.frames()).toEqual([{ t: "ack", i: "i1", r: 2, turn: "p" }]);
});

test("N5 N6 after a reconnect what is held is sent again and nothing is doubled", async () => {
  const { world, runner } = await writingSession();
  await runner.text("arrived, ");
  world.disconnect(runner.link);
  runner.keep(delta("did not"));
  await runner.connect();
  expect(runner.frames()).toMatchObject([
    { t: "welcome", v: 1, session: "s1", epoch: 1, r: 5, turn: "p", agentSession: null },
    { t: "ack", r: 5 },
  ]);
  await runner.resend();
  await world.settle();
  expect(texts(world)).toEqual(["arrived, ", "did not"]);
});

test("N6 L15 what was lost with the object's memory is sent again, and what was durable is not taken twice", async () => {
  const { world, runner } = await writingSession();
  await runner.text("durable ");
  await world.settle();
  await runner.text("lost ");
  world.evict();
  runner.frames();
  await runner.text("next");
  expect(runner.frames()).toEqual([{ t: "expect", i: "i2", r: 5 }]);
  await runner.resend();
  await world.settle();
  expect(texts(world)).toEqual(["durable ", "lost ", "next"]);
});

test("N10 a spool that comes back after another one wrote goes on at its own number, also after evictions", async () => {
  const { world, runner } = await writingSession();
  await runner.text("one ");
  await world.settle();
  const other = new FakeRunner(world, "process-2", "spool-2");
  await other.connect();
  await other.start();
  world.evict();
  // A third process on the disk of the first.
  const back = new FakeRunner(world, "process-3", "spool-1");
  back.next = runner.next - 1;
  back.keep(delta("one "));
  await back.connect();
  expect(back.frames()).toMatchObject([{ t: "welcome", epoch: 3, r: 5 }]);
  world.evict();
  await back.emit(delta("two"));
  await back.start();
  expect(texts(world)).toEqual(["one ", "two"]);
});

test("N24 an object that forgets between a hello and the first flush counts in the right spool", async () => {
  const { world, runner } = await writingSession();
  for (const word of ["a", "b", "c"]) await runner.text(word);
  await world.settle();
  const next = new FakeRunner(world, "process-2", "spool-2");
  await next.connect();
  await next.emit(delta("d"));
  world.evict();
  await next.emit(delta("e"));
  expect(next.frames().at(-1)).toEqual({ t: "expect", i: "i2", r: 0 });
  await next.resend();
  await world.settle();
  expect(texts(world)).toEqual(["a", "b", "c", "d", "e"]);
});

test("N9 for a spool that is not known the object goes on from its first event, also after an eviction", async () => {
  const world = await SessionWorld.created();
  const runner = new FakeRunner(world, "process-1", "old-spool");
  runner.next = 41;
  await runner.connect();
  expect(runner.frames()).toMatchObject([{ t: "welcome", r: 40 }]);
  world.evict();
  await runner.start();
  expect(runner.acknowledged).toBe(41);
});

test("N1 the first frame of a runner is hello", async () => {
  const world = await SessionWorld.created();
  const link = world.connect("runner");
  const sent = world.send(link, { t: "events", epoch: 1, r: 1, e: [delta("a")] });
  await expect(sent).rejects.toMatchObject({ code: "bad_frame" });
});

test("N16 a runner may not end a turn that it has not begun, and the turn still waits", async () => {
  const { world, runner } = await writingSession();
  await world.prompt("waiting");
  const ending = { type: "turn.ended", turn: "waiting", outcome: "completed", at: 0 };
  const sent = world.send(runner.link, { t: "events", epoch: 1, r: 5, e: [delta("a"), ending] });
  await expect(sent).rejects.toMatchObject({ code: "bad_frame" });
  await world.settle();
  expect(texts(world)).toEqual([]);
  expect(world.session.state.turns.map(({ id }) => id)).toContain("waiting");
});

test("N16 an event that a runner may not send is refused, and nothing of its frame is taken", async () => {
  const { world, runner } = await writingSession();
  for (const event of [
    { type: "session.lifecycle", state: "paused", by: "runner", at: 0 },
    { type: "approval.decided", approval: "a", option: "yes", approved: true, by: "me", at: 0 },
    { type: "unheard-of" },
    { type: "turn.queued", turn: "x", by: "me", message: {}, at: 0 },
  ]) {
    const sent = world.send(runner.link, { t: "events", epoch: 1, r: 5, e: [delta("a"), event] });
    await expect(sent).rejects.toSatisfy(
      (error) => error instanceof PerdureError && error.code === "bad_frame",
    );
  }
  await world.settle();
  expect(texts(world)).toEqual([]);
});

test("W2 a runner of another version gets unsupported_version", async () => {
  const world = await SessionWorld.created();
  const hello = { t: "hello", v: 2, process: "p", spool: "s", first: 1 };
  const sent = world.send(world.connect("runner"), hello);
  await expect(sent).rejects.toMatchObject({ code: "unsupported_version" });
});

test("N4 T4 A9 a new process's start comes behind its backlog: it interrupts the open turn and orphans its questions", async () => {
  const { world, runner } = await writingSession();
  await runner.ask("a", "p");
  await world.prompt("queued");
  world.disconnect(runner.link);
  // The next process finds the spool of the dead one, with an event that never arrived.
  const next = new FakeRunner(world, "process-2", runner.spool);
  next.next = runner.next;
  next.keep(delta("last words"));
  await next.reconnect();
  expect(world.session.state.turns).toMatchObject([{ id: "p", state: "running" }, {}]);
  expect(world.session.approvals().approvals[0]?.state).toBe("pending");
  await next.start();
  expect(world.types().slice(-4)).toEqual([
    "text-delta",
    "runner.started",
    "approval.closed",
    "turn.ended",
  ]);
  expect(world.session.state).toMatchObject({
    turns: [{ id: "queued", state: "queued" }],
    approvals: [],
    lastOutcome: { turn: "p", outcome: "interrupted" },
  });
  expect(world.session.approvals().approvals[0]?.state).toBe("orphaned");
  expect(world.session.history.messages().messages.at(1)?.message.parts).toMatchObject([
    { type: "text", text: "last words", state: "done" },
  ]);
  expect(next.commands()).toMatchObject([{ kind: "prompt", turn: "queued" }]);
});

test("N22 a frame of a runner to a terminated session is refused, also one that waits in the same batch", async () => {
  const { world, runner } = await writingSession();
  const terminated = world.command("t", { op: "terminate" });
  const late = runner.text("late");
  await expect(late).rejects.toMatchObject({ code: "session_terminated" });
  expect(await terminated).toMatchObject({ ok: true });
  expect(texts(world)).toEqual([]);
});
