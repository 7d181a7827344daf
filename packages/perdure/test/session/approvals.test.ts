import { expect, test } from "vitest";
import { QUESTION } from "../support/fake-runner.ts";
import type { FakeRunner } from "../support/fake-runner.ts";
import type { SessionWorld } from "../support/session-world.ts";
import { writingSession } from "./writing-session.ts";

const record = (world: SessionWorld, id: string) =>
  world.session.approvals().approvals.find(({ approval }) => approval === id);

/** The process dies, and another one on a new spool starts and takes up a new turn. */
async function nextProcess(world: SessionWorld, process = "process-2"): Promise<FakeRunner> {
  const runner = await world.runner(process, `spool-of-${process}`);
  await world.prompt(`turn-of-${process}`);
  await runner.beginPrompt(`turn-of-${process}`);
  return runner;
}

test("A1 the digest is of kind, title and canonical input: the order of keys makes no difference", async () => {
  const { world, runner } = await writingSession();
  await runner.ask("a", "p", { input: { path: "a", nested: { x: 1, y: 2 } } });
  await runner.ask("b", "p", { input: { nested: { y: 2, x: 1 }, path: "a" } });
  await runner.ask("c", "p", { input: { path: "b", nested: { x: 1, y: 2 } } });
  await runner.ask("d", "p", { input: { path: "a", nested: { x: 1, y: 2 } }, title: "Other" });
  await runner.ask("e", "p", { input: { path: "a", nested: { x: 1, y: 2 } }, kind: "execute" });
  const digests = world.session.approvals().approvals.map(({ digest }) => digest);
  expect(digests[4]).toMatch(/^[0-9a-f]{64}$/);
  expect(digests[3]).toBe(digests[4]);
  expect(new Set(digests).size).toBe(4);
});

test("A1 a digest that a runner sends is not believed", async () => {
  const { world, runner } = await writingSession();
  await runner.ask("a", "p", { digest: "0".repeat(64) });
  expect(record(world, "a")?.digest).not.toBe("0".repeat(64));
});

test("A2 C4 the first decision wins; the loser is told who won, also when it asks again", async () => {
  const { world, runner } = await writingSession();
  await runner.ask("a", "p");
  const [won, lost] = await Promise.all([
    world.decide("d1", "a", "yes", "ann"),
    world.decide("d2", "a", "no", "bob"),
  ]);
  expect(won).toEqual({ ok: true, result: { approval: "a", option: "yes", position: 9 } });
  expect(lost).toEqual({
    ok: false,
    error: {
      code: "already_decided",
      detail: "This was decided before, by ann.",
      extra: { option: "yes", by: "ann", decidedAt: world.clock.now() },
    },
  });
  world.evict();
  expect(await world.decide("d2", "a", "no", "bob")).toEqual(lost);
  expect(record(world, "a")).toMatchObject({ state: "decided", option: "yes", by: "ann" });
  expect(world.types().filter((type) => type === "approval.decided")).toHaveLength(1);
});

test("A3 an option that was not offered is refused, and the question stays open", async () => {
  const { world, runner } = await writingSession();
  await runner.ask("a", "p");
  expect(await world.decide("d", "a", "maybe")).toMatchObject({ error: { code: "bad_request" } });
  expect(record(world, "a")?.state).toBe("pending");
  expect(await world.decide("d", "a", "yes")).toMatchObject({ ok: true });
});

test("A4 record and event are durable together: where one cannot be written neither is", async () => {
  const { world, runner } = await writingSession();
  await runner.ask("a", "p");
  const { head } = world.session.events(0);
  world.sql.script(
    "CREATE TRIGGER full BEFORE INSERT ON log BEGIN SELECT RAISE(ABORT, 'disk full'); END",
  );
  expect(await world.decide("d", "a", "yes")).toMatchObject({ error: { code: "internal" } });
  expect([record(world, "a")?.state, world.session.state.approvals[0]?.state]).toEqual([
    "pending",
    "pending",
  ]);
  world.sql.script("DROP TRIGGER full");
  expect(await world.decide("d", "a", "no")).toMatchObject({ result: { position: head + 1 } });
  world.evict();
  expect(record(world, "a")).toMatchObject({ state: "decided", option: "no" });
  expect(world.events().at(-1)).toMatchObject({ type: "approval.decided", option: "no" });
});

test("A5 a question that never was, and one that is closed, cannot be decided", async () => {
  const { world, runner } = await writingSession();
  expect(await world.decide("d0", "none", "yes")).toMatchObject({
    error: { code: "approval_not_found" },
  });
  await runner.ask("a", "p");
  await runner.emit({ type: "approval.closed", approval: "a", why: "withdrawn", at: 0 });
  expect(await world.decide("d1", "a", "yes")).toMatchObject({
    error: { code: "approval_closed", extra: { state: "withdrawn" } },
  });
});

test("A6 only options of kind allow_once and allow_always approve", async () => {
  const { world, runner } = await writingSession();
  const kinds = ["allow_once", "allow_always", "reject_once", "reject_always"] as const;
  for (const kind of kinds) {
    await runner.ask(kind, "p", { options: [{ id: "it", name: "It", kind }] });
    await world.decide(`d-${kind}`, kind, "it");
  }
  expect(kinds.map((kind) => record(world, kind)?.approved)).toEqual([true, true, false, false]);
});

test("A7 a question without an expiry stays open, and one with an expiry fails closed", async () => {
  const { world, runner } = await writingSession();
  const expiresAt = world.clock.now() + 60_000;
  await runner.ask("for-ever", "p");
  await runner.ask("a", "p", { expiresAt });
  expect(world.dueAt("perdure:approval:a")).toBe(expiresAt);
  world.clock.advance(60_000);
  world.evict();
  await world.ring();
  expect(record(world, "a")).toMatchObject({
    state: "decided",
    option: "no",
    approved: false,
    by: "perdure:expiry",
  });
  expect(runner.commands()).toMatchObject([{ kind: "answer", approval: "a", option: "no" }]);
  expect(record(world, "for-ever")?.state).toBe("pending");
});

test("A7 an expired question without a rejecting option is closed and its turn cancelled", async () => {
  const { world, runner } = await writingSession();
  const options = [{ id: "yes", name: "Allow", kind: "allow_once" }] as const;
  await runner.ask("a", "p", { expiresAt: world.clock.now() + 1, options });
  world.clock.advance(1);
  await world.ring();
  expect(record(world, "a")?.state).toBe("expired");
  expect(world.session.state).toMatchObject({ approvals: [], turns: [{ state: "cancelling" }] });
  expect(runner.commands()).toMatchObject([{ kind: "cancel", turn: "p" }]);
});

test("A14 a decision that comes after the expiry is refused before the timer has fired, too", async () => {
  const { world, runner } = await writingSession();
  await runner.ask("a", "p", { expiresAt: world.clock.now() + 10 });
  world.clock.advance(10);
  expect(await world.decide("d", "a", "yes")).toMatchObject({
    error: { code: "approval_closed", extra: { state: "expired" } },
  });
  await world.ring();
  expect(record(world, "a")).toMatchObject({ option: "no", by: "perdure:expiry" });
});

test("A7 A8 a question that is decided or whose turn has ended leaves no timer", async () => {
  const { world, runner } = await writingSession();
  const expiresAt = world.clock.now() + 10;
  for (const id of ["decided", "withdrawn", "terminated"]) await runner.ask(id, "p", { expiresAt });
  await world.decide("d", "decided", "yes");
  await runner.emit({ type: "approval.closed", approval: "withdrawn", why: "withdrawn", at: 0 });
  await world.command("t", { op: "terminate" });
  for (const id of ["decided", "withdrawn", "terminated"])
    expect(world.dueAt(`perdure:approval:${id}`)).toBeUndefined();
});

test("A8 when its turn ends a question is withdrawn, decided or not", async () => {
  const { world, runner } = await writingSession();
  await runner.ask("open", "p");
  await runner.ask("decided", "p");
  await world.decide("d", "decided", "yes");
  runner.commands();
  await runner.end("p");
  await runner.reconnect();
  expect(runner.commands()).toEqual([]);
  expect(world.session.approvals().approvals.map(({ state }) => state)).toEqual([
    "withdrawn",
    "withdrawn",
  ]);
  expect(world.session.state.approvals).toEqual([]);
});

test("A8 T8 terminating withdraws what is open", async () => {
  const { world, runner } = await writingSession();
  await runner.ask("a", "p");
  await runner.ask("b", "another-turn");
  await world.command("t", { op: "terminate" });
  expect(world.session.approvals().approvals.map(({ state }) => state)).toEqual([
    "withdrawn",
    "withdrawn",
  ]);
  expect(world.session.state.approvals).toEqual([]);
});

test("A10 after the runner's death an identical question gets the decision, once", async () => {
  const { world, runner } = await writingSession();
  await runner.ask("a", "p");
  await world.decide("d", "a", "yes", "ann");
  const next = await nextProcess(world);
  expect(record(world, "a")?.state).toBe("orphaned");
  await next.ask("b", "turn-of-process-2", { input: { text: "new", path: "a.txt" } });
  expect(record(world, "b")).toMatchObject({ state: "decided", option: "yes", by: "ann" });
  expect(record(world, "a")?.state).toBe("consumed");
  expect(world.events().at(-1)).toMatchObject({ type: "approval.decided", reuses: "a" });
  expect(next.commands()).toMatchObject([
    { kind: "answer", approval: "b", option: "yes", digest: record(world, "a")?.digest },
  ]);
  await next.ask("c", "turn-of-process-2");
  expect(record(world, "c")?.state).toBe("pending");
});

test("A10 a decision is good for the next process only", async () => {
  const { world, runner } = await writingSession();
  await runner.ask("a", "p");
  await world.decide("d", "a", "yes");
  await nextProcess(world);
  const third = await nextProcess(world, "process-3");
  await third.ask("b", "turn-of-process-3");
  expect(record(world, "b")?.state).toBe("pending");
  expect(record(world, "a")?.state).toBe("withdrawn");
});

test("A10 a question of the same id as the one that lost its runner gets its decision once", async () => {
  const { world, runner } = await writingSession();
  await runner.ask("a", "p");
  await world.decide("d", "a", "yes");
  const next = await nextProcess(world);
  await next.ask("a", "turn-of-process-2");
  expect(record(world, "a")).toMatchObject({ state: "decided", option: "yes" });
  await next.ask("b", "turn-of-process-2");
  expect(record(world, "b")?.state).toBe("pending");
});

test("A11 a question that was changed is asked again", async () => {
  const { world, runner } = await writingSession();
  await runner.ask("a", "p");
  await world.decide("d", "a", "yes");
  const next = await nextProcess(world);
  await next.ask("b", "turn-of-process-2", { input: { ...QUESTION.input, text: "worse" } });
  expect(record(world, "b")?.state).toBe("pending");
  expect(next.commands()).toEqual([]);
});

test("A9 A10 an open question that lost its runner has no decision to hand on", async () => {
  const { world, runner } = await writingSession();
  await runner.ask("a", "p");
  const next = await nextProcess(world);
  expect(await world.decide("d", "a", "yes")).toMatchObject({
    error: { code: "approval_closed", extra: { state: "orphaned" } },
  });
  await next.ask("b", "turn-of-process-2");
  expect(record(world, "b")?.state).toBe("pending");
});

test("A12 N12 an answer is queued until it is begun, and is used once", async () => {
  const { world, runner } = await writingSession();
  await runner.ask("a", "p");
  await world.decide("d", "a", "yes");
  await runner.reconnect();
  const [answer] = runner.commands();
  expect(answer).toMatchObject({ kind: "answer", approval: "a" });
  await runner.begin(answer?.command ?? 0);
  expect(record(world, "a")?.state).toBe("delivered");
  await runner.reconnect();
  expect(runner.commands()).toEqual([]);
  await nextProcess(world).then((next) => next.ask("b", "turn-of-process-2"));
  expect(record(world, "b")?.state).toBe("pending");
});

test("A12 closing a question whose answer was taken changes nothing", async () => {
  const { world, runner } = await writingSession();
  await runner.ask("a", "p");
  const decided = await world.decide("d", "a", "yes");
  await runner.begin(decided.ok ? decided.result.position : 0);
  await runner.emit({ type: "approval.closed", approval: "a", why: "withdrawn", at: 0 });
  expect(record(world, "a")?.state).toBe("delivered");
});

test("A13 a question that is sent again under the same id while it is open is one approval", async () => {
  const { world, runner } = await writingSession();
  await runner.ask("a", "p");
  await runner.ask("a", "p");
  expect(world.session.state.approvals).toHaveLength(1);
  expect(world.session.approvals().approvals).toHaveLength(1);
  await world.decide("d", "a", "yes");
  await runner.ask("a", "p");
  expect(world.session.state.approvals).toMatchObject([{ approval: "a", state: "decided" }]);
  expect(world.session.approvals().approvals).toMatchObject([{ approval: "a", state: "decided" }]);
});

test("a question of more than a megabyte is kept whole", async () => {
  const { world, runner } = await writingSession();
  const text = "x".repeat(1_500_000);
  await runner.ask("a", "p", { input: { text } });
  expect(record(world, "a")?.input).toEqual({ text });
  const [row] = world.sql.run<{ size: number }>("SELECT length(request) AS size FROM approvals");
  expect(row?.size).toBeLessThan(1_000);
});
