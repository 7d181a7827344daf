import { expect, test } from "vitest";
import { LocalScene, Pen, rest } from "./local-turn-scene.ts";

test("O1 a prompt is begun in the log before the user's code hears of it, and its end ends the turn", async () => {
  const seen: unknown[] = [];
  const scene = await LocalScene.with(() => {
    seen.push(...scene.told);
    return "Hello!";
  });
  await scene.prompt("p");
  expect(seen).toEqual(["turn.queued", "command.begun"]);
  expect(scene.told).toEqual([
    "turn.queued",
    "command.begun",
    "start",
    "text-start",
    "Hello!",
    "text-end",
    "ended completed",
  ]);
  expect(scene.answers).toEqual(["Hello!"]);
});

test("O1 the user's code waits until the begin is durable", async () => {
  const scene = await LocalScene.with(() => "Hello!");
  const { promise, resolve } = Promise.withResolvers<void>();
  scene.world.sync = () => promise;
  await scene.prompt("p");
  expect(scene.world.session.state.turns).toMatchObject([{ id: "p", state: "running" }]);
  expect(scene.runs).toEqual([]);
  resolve();
  await rest();
  expect(scene.runs).toHaveLength(1);
});

test("O1 a begin that cannot be stored begins nothing", async () => {
  const scene = await LocalScene.with(() => "Hello!");
  scene.world.isStorageFull = true;
  expect(await scene.world.prompt("p")).toMatchObject({ ok: false });
  await rest();
  expect(scene.runs).toEqual([]);
  scene.world.isStorageFull = false;
  await scene.prompt("p");
  expect(scene.runs).toHaveLength(1);
  expect(scene.answers).toEqual(["Hello!"]);
});

test("O2 turns run one at a time, in order; the next begins when the one before has ended", async () => {
  const pens = [new Pen(), new Pen()];
  const scene = await LocalScene.with(() => pens[scene.runs.length - 1]?.stream);
  await scene.prompt("a");
  await scene.prompt("b");
  expect(scene.runs.map(({ id }) => id)).toEqual(["a"]);
  await pens[0]?.end();
  expect(scene.runs.map(({ id }) => id)).toEqual(["a", "b"]);
  expect(scene.world.session.state.turns).toMatchObject([{ id: "b", state: "running" }]);
});

test("O3 what a turn writes is stored before it is shown, about every 200 ms, and its message once at its end", async () => {
  const pen = new Pen();
  const scene = await LocalScene.with(() => pen.stream);
  await scene.prompt("p");
  await pen.write({ type: "start" }, { type: "text-start", id: "t" });
  await pen.text("one ", "two ");
  await scene.reader.pump();
  expect(scene.reader.openText).toBe("");
  const { head } = scene.world.session.info();
  await scene.flush();
  expect(scene.reader.openText).toBe("one two ");
  expect(scene.world.session.info().head).toBe(head + 4);
  expect(scene.world.sql.run("SELECT count(*) AS n FROM log")).toEqual([{ n: 3 }]);
  await pen.text("three");
  await scene.flush();
  expect(scene.world.session.history.recent(9)).toHaveLength(1);
  await pen.end();
  expect(scene.answers).toEqual(["one two three"]);
  await scene.reader.pump();
  const { durable } = scene.reader;
  expect(durable.map(({ event }) => event)).toEqual(scene.world.events().slice(-durable.length));
});

test("O3 what fills a row is stored at once", async () => {
  const pen = new Pen();
  const scene = await LocalScene.with(() => pen.stream);
  await scene.prompt("p");
  await pen.text("x".repeat(20_000), "y".repeat(20_000));
  await scene.reader.pump();
  expect(scene.reader.openText).toHaveLength(40_000);
});

test("O4 the message of a stream without ids has one, and keeps it; one with an id keeps that", async () => {
  const pens = [new Pen(), new Pen()];
  const scene = await LocalScene.with((turn) => {
    turn.write({ type: "data-note", data: 1 });
    return pens[scene.runs.length - 1]?.stream;
  });
  await scene.prompt("a");
  const [pen, named] = pens;
  await pen?.write({ type: "start", messageMetadata: { model: "m" } });
  await pen?.text("Hello");
  await scene.flush();
  const id = scene.world.session.state.open?.message.id;
  await pen?.write({ type: "start", messageId: "another" });
  await pen?.text("!");
  await pen?.write({ type: "finish" });
  await pen?.end();
  expect(scene.world.session.history.recent(1)).toMatchObject([
    {
      message: { id, metadata: { model: "m" }, parts: [{ type: "data-note" }, { text: "Hello!" }] },
    },
  ]);
  await scene.prompt("b");
  await scene.flush();
  await named?.end();
  const ids = scene.world.session.history.recent(9).map(({ message }) => message.id);
  expect(new Set(ids).size).toBe(4);
});

test("O5 a session that is paused begins no turn until it is resumed; a turn that runs goes on", async () => {
  const pen = new Pen();
  const scene = await LocalScene.with(() => pen.stream);
  await scene.prompt("a");
  await scene.world.command("pause", { op: "pause" });
  await scene.prompt("b");
  await pen.text("still here");
  await pen.end();
  await scene.evict();
  expect(scene.runs.map(({ id }) => id)).toEqual(["a"]);
  expect(scene.answers).toEqual(["still here"]);
  await scene.world.command("resume", { op: "resume" });
  await rest();
  expect(scene.runs.map(({ id }) => id)).toEqual(["a", "b"]);
});

test("O6 a cancelled turn ends at once and aborts its signal, also where its code does not heed it", async () => {
  const pen = new Pen();
  const scene = await LocalScene.with(() => pen.stream);
  await scene.prompt("a");
  await scene.prompt("b");
  await pen.text("half a");
  await scene.world.command("c", { op: "cancel", turn: "a" });
  await rest();
  expect(scene.runs[0]?.signal.aborted).toBe(true);
  expect(pen.isCancelled).toBe(true);
  expect(scene.runs.map(({ id }) => id)).toEqual(["a", "b"]);
  expect(scene.world.types().filter((type) => type.startsWith("turn."))).toEqual([
    "turn.queued",
    "turn.queued",
    "turn.cancelling",
    "turn.ended",
    "turn.ended",
  ]);
  expect(scene.answers).toEqual(["half a"]);
  expect(scene.world.dueAt("perdure:cancel")).toBeUndefined();
});

test("O6 nothing that the code of a cancelled turn still does has an effect", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const late: unknown[] = [];
  const scene = await LocalScene.with(async (turn) => {
    await promise;
    turn.write("too late");
    late.push(await turn.step("late", () => 1).catch((error: Error) => error.name));
    late.push(
      await turn.approve({ kind: "k", title: "t", input: 1 }).catch((error: Error) => error.name),
    );
    return "far too late";
  });
  await scene.prompt("p");
  await scene.world.command("c", { op: "cancel" });
  const told = [...scene.told];
  resolve();
  await rest();
  await scene.flush();
  expect(late).toEqual(["AbortError", "AbortError"]);
  expect(scene.told).toEqual(told);
  expect(scene.outcome).toMatchObject({ outcome: "cancelled" });
});

test("O6 terminating aborts the running turn, which stays interrupted", async () => {
  const pen = new Pen();
  const scene = await LocalScene.with(() => pen.stream, { attempts: 5 });
  await scene.prompt("p");
  await pen.text("half a");
  await scene.world.command("t", { op: "terminate" });
  await rest();
  expect(scene.runs[0]?.signal.aborted).toBe(true);
  expect(scene.outcome).toMatchObject({ outcome: "interrupted" });
  expect(scene.answers).toEqual(["half a"]);
  await scene.evict();
  await scene.ring(60_000);
  expect(scene.runs).toHaveLength(1);
  expect(scene.world.dueAt("perdure:turn:heartbeat")).toBeUndefined();
});

test("O6 a turn that completes does not abort its signal", async () => {
  const scene = await LocalScene.with(() => "done");
  await scene.prompt("p");
  expect(scene.runs[0]?.signal.aborted).toBe(false);
});

test("O7 a turn whose code throws fails with a reason that gives nothing away, unless its author gives one", async () => {
  const scene = await LocalScene.with((turn) => {
    turn.write("before");
    throw new Error("key sk-123 is wrong");
  });
  const said = await silenced(() => scene.prompt("p"));
  expect(scene.outcome).toEqual({
    turn: "p",
    outcome: "failed",
    reason: "The turn failed; the server's log says why.",
  });
  expect(said).toMatchObject([["perdure: a turn failed", { message: "key sk-123 is wrong" }]]);
  expect(scene.answers).toEqual(["before"]);
  scene.reasonOf = () => "The model cannot be reached.";
  await scene.prompt("q");
  expect(scene.outcome).toMatchObject({ reason: "The model cannot be reached." });
});

test("O7 an error in the stream fails the turn with its text, after all that was written", async () => {
  const pen = new Pen();
  const scene = await LocalScene.with(() => pen.stream);
  await scene.prompt("p");
  await pen.text("half a");
  await pen.write({ type: "error", errorText: "Overloaded." }, { type: "finish" });
  await pen.end();
  expect(scene.outcome).toMatchObject({ outcome: "failed", reason: "Overloaded." });
  expect(scene.told.slice(2)).toEqual(["start", "half a", "error", "finish", "ended failed"]);
});

test.each([
  ["of no type", { text: "x" }, /something that is no UI message chunk/],
  ["of an unknown type", { type: "response.created" }, /type "response.created"/],
  ["without a field", { type: "text-delta", id: "t" }, /type "text-delta"/],
  ["that is no object", 7, /something that is no UI message chunk/],
])("O8 a chunk %s fails the turn, and what came before stays", async (_what, chunk, reason) => {
  const pen = new Pen();
  const scene = await LocalScene.with(() => pen.stream);
  await scene.prompt("p");
  await pen.text("kept");
  await pen.write(chunk);
  expect(scene.outcome).toMatchObject({ outcome: "failed", reason: expect.stringMatching(reason) });
  expect(scene.answers).toEqual(["kept"]);
  expect(pen.isCancelled).toBe(true);
});

test("O8 a chunk of more than 4 MiB is refused, one below it is kept whole", async () => {
  const pen = new Pen();
  const scene = await LocalScene.with(() => pen.stream);
  await scene.prompt("p");
  await pen.write({ type: "data-big", data: "x".repeat(4_000_000) });
  await pen.write({ type: "data-big", data: "x".repeat(4_200_000) });
  expect(scene.outcome).toMatchObject({
    outcome: "failed",
    reason: expect.stringContaining("more than 4194304 bytes"),
  });
  const [message] = scene.world.session.history.recent(1);
  expect(message?.message.parts).toEqual([{ type: "data-big", data: "x".repeat(4_000_000) }]);
});

test("O9 a runner is refused, and a prompt is not delivered to one that was there before", async () => {
  const scene = await LocalScene.with(() => new Pen().stream);
  const link = scene.world.connect("runner");
  expect(link.closed).toMatchObject({ code: 4403, reason: expect.stringContaining("no runner") });
  expect(scene.world.session.info().runsTurns).toBe(true);
});

test("the conversation is given turn by turn, and ends with the prompt", async () => {
  const pen = new Pen();
  const given: string[][] = [];
  const scene = await LocalScene.with((turn) => {
    given.push(
      turn.messages.flatMap(({ parts }) => parts.map((part) => ("text" in part ? part.text : ""))),
    );
    return turn.id === "a" ? pen.stream : `to ${turn.id}`;
  });
  await scene.prompt("a");
  await scene.prompt("b");
  await scene.prompt("c");
  await pen.text("to a");
  await pen.end();
  await scene.prompt("d");
  expect(given).toEqual([
    ["hello"],
    ["hello", "to a", "hello"],
    ["hello", "to a", "hello", "to b", "hello"],
    ["hello", "to a", "hello", "to b", "hello", "to c", "hello"],
  ]);
});

test("history is read by the page, the newest of which ends with the prompt", async () => {
  const pages: string[][] = [];
  const scene = await LocalScene.with((turn) => {
    if (turn.id !== "c") return `to ${turn.id}`;
    for (let before: number | undefined, page = 0; page < 3; page += 1) {
      const history = turn.history(2, before);
      pages.push(
        history.messages.map(({ parts: [part], id }) => (part?.type === "text" ? part.text : id)),
      );
      before = history.before;
    }
    return "to c";
  });
  for (const id of ["a", "b", "c"]) await scene.prompt(id, id);
  expect(pages).toEqual([["to b", "c"], ["to a", "b"], ["a"]]);
});

test("a turn knows who asked and what, and the session's metadata", async () => {
  const scene = await LocalScene.with((turn) => {
    expect(turn).toMatchObject({ id: "p", by: "owner", attempt: 1, meta: { title: "Why?" } });
    expect(turn.prompt).toMatchObject({ id: "p", role: "user", parts: [{ text: "Why?" }] });
  });
  await scene.prompt("p", "Why?");
  expect(scene.outcome).toMatchObject({ outcome: "completed" });
  expect(scene.answers).toEqual([]);
});

/** What was said on the console meanwhile. */
async function silenced(work: () => Promise<void>): Promise<readonly unknown[][]> {
  const said: unknown[][] = [];
  const { error } = console;
  console.error = (...words: unknown[]) => void said.push(words);
  try {
    await work();
  } finally {
    console.error = error;
  }
  return said;
}
