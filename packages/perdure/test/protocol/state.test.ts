import { expect, test } from "vitest";
import type { SessionEvent, SessionState } from "../../src/protocol/index.ts";
import { EMPTY_STATE, isSettled, reduce, runningTurn } from "../../src/protocol/index.ts";

/** The state after events that begin at position 1. */
const after = (...events: readonly SessionEvent[]): SessionState =>
  events.reduce((state, event, index) => reduce(state, event, index + 1), EMPTY_STATE);

const at = 7;
const created: SessionEvent = { type: "session.created", by: "ada", title: "Plan", at };
const queued = (turn: string): SessionEvent => ({
  type: "turn.queued",
  turn,
  by: "ada",
  message: { id: turn, role: "user", parts: [{ type: "text", text: turn }] },
  at,
});
const begun = (command: number): SessionEvent => ({ type: "command.begun", command, at });
const ended = (turn: string): SessionEvent => ({
  type: "turn.ended",
  turn,
  outcome: "completed",
  at,
});
const started = (epoch: number): SessionEvent => ({
  type: "runner.started",
  epoch,
  agent: { name: "demo" },
  restored: "new",
  at,
});
const asked = (approval: string, turn: string): SessionEvent => ({
  type: "approval.requested",
  approval,
  turn,
  kind: "edit",
  title: "Edit",
  input: {},
  options: [{ id: "yes", name: "Yes", kind: "allow_once" }],
  at,
});
const decided = (approval: string, by = "ada"): SessionEvent => ({
  type: "approval.decided",
  approval,
  option: "yes",
  approved: true,
  by,
  at,
});
const text = (delta: string): SessionEvent => ({ type: "text-delta", id: "t", delta });

const patch = (meta: Record<string, unknown>): SessionEvent => ({
  type: "session.meta",
  patch: meta,
  by: "ada",
  at,
});

const cancelling = (turn: string): SessionEvent => ({
  type: "turn.cancelling",
  turn,
  by: "ada",
  at,
});

const tasks = (...titles: string[]): SessionEvent => ({
  type: "tasks.changed",
  tasks: titles.map((title) => ({
    id: title,
    title,
    status: "pending",
    createdAt: at,
    updatedAt: at,
    source: "plan",
  })),
  at,
});

const states = (state: SessionState) => state.turns.map((turn) => [turn.id, turn.state]);
const ids = (state: SessionState) => state.messages.map(({ message }) => message.id);

test("a session is active from its creation, with its title as metadata", () => {
  expect(after(created)).toMatchObject({
    position: 1,
    lifecycle: "active",
    createdBy: "ada",
    createdAt: 7,
    meta: { title: "Plan" },
  });
});

test("C13 metadata is merged shallowly, and a null deletes its key", () => {
  const state = after(created, patch({ a: { x: 1 }, b: 2 }), patch({ a: { y: 2 }, title: null }));
  expect(state.meta).toEqual({ a: { y: 2 }, b: 2 });
});

test("T1 a prompt is a queued turn, and a message at the position that queued it", () => {
  const state = after(created, queued("t1"));
  expect(state.turns).toMatchObject([{ id: "t1", state: "queued", command: 2, queuedAt: 7 }]);
  expect(state.messages).toMatchObject([{ position: 2, turn: "t1", message: { role: "user" } }]);
});

test("T3 a turn runs from the beginning of its command, one at a time", () => {
  const state = after(created, queued("t1"), queued("t2"), begun(2), begun(3));
  expect(states(state)).toEqual([
    ["t1", "running"],
    ["t2", "queued"],
  ]);
  expect(runningTurn(state)?.begunAt).toBe(7);
});

test("T3 a turn that ended is gone, and how it ended is known", () => {
  const state = after(created, queued("t1"), begun(2), ended("t1"));
  expect([state.turns, state.lastOutcome]).toEqual([
    [],
    { turn: "t1", outcome: "completed", reason: undefined },
  ]);
});

test("T5 cancelling the running turn is a command until it is begun; cancelling a queued one is none", () => {
  const state = after(created, queued("t1"), queued("t2"), begun(2), cancelling("t1"));
  expect(states(state)[0]).toEqual(["t1", "cancelling"]);
  expect(state.cancels).toEqual([{ command: 5, turn: "t1" }]);
  expect(reduce(state, begun(5), 6).cancels).toEqual([]);
  expect(reduce(state, ended("t1"), 6).cancels).toEqual([]);
  expect(reduce(state, cancelling("t2"), 6).cancels).toEqual(state.cancels);
});

test("T13 a message ends with finish", () => {
  const state = after(created, { type: "start", messageId: "m1" }, text("Hi"), { type: "finish" });
  expect(state.open).toBeUndefined();
  expect(state.messages).toMatchObject([
    { position: 2, message: { id: "m1", parts: [{ text: "Hi", state: "done" }] } },
  ]);
});

test("T13 a message that was cut off ends with the start of another", () => {
  const state = after({ type: "start", messageId: "m1" }, text("Hi"), {
    type: "start",
    messageId: "m2",
  });
  expect([ids(state), state.open?.message.id]).toEqual([["m1"], "m2"]);
});

test("T13 a message that was cut off ends with its turn, and with no other", () => {
  const events = [created, queued("t1"), queued("t2"), begun(2), text("Hi")] as const;
  expect(after(...events, ended("t2")).open).toBeDefined();
  const state = after(...events, ended("t1"));
  expect([state.open, ids(state)]).toEqual([undefined, ["t1", "t2", "m5"]]);
});

test("T13 a start of the same message, or without an id, goes on with it", () => {
  const state = after(
    { type: "start", messageId: "m1" },
    text("Hi"),
    { type: "start" },
    { type: "start", messageId: "m1" },
  );
  expect(state.messages).toEqual([]);
  expect(state.open?.message.parts).toHaveLength(1);
});

test("T13 a message without a start has an id of the position at which it began", () => {
  expect(after(created, text("Hi")).open?.message.id).toBe("m2");
});

test("T14 a prompt that is queued while a message is written stands behind it", () => {
  const reply: SessionEvent = { type: "start", messageId: "reply" };
  const state = after(created, queued("t1"), begun(2), reply, queued("t2"), ended("t1"));
  expect(ids(state)).toEqual(["t1", "reply", "t2"]);
});

test("T14 a message has the turn that ran and the time of the control event before it", () => {
  const state = after(created, queued("t1"), begun(2), text("Hi"), { type: "finish" });
  expect(state.messages.at(-1)).toMatchObject({ turn: "t1", at: 7 });
});

test("T15 tasks are replaced as a whole", () => {
  expect(after(tasks("a", "b"), tasks("c")).tasks.map((task) => task.id)).toEqual(["c"]);
});

test("A2 the first decision is the one that counts", () => {
  const state = after(created, queued("t1"), begun(2), asked("a1", "t1"));
  const won = reduce(reduce(state, decided("a1"), 5), decided("a1", "bob"), 6);
  expect(won.approvals).toMatchObject([{ state: "decided", by: "ada", command: 5 }]);
});

test("A12 a decision whose command was begun is open no more", () => {
  const state = after(created, queued("t1"), begun(2), asked("a1", "t1"), decided("a1"), begun(5));
  expect(state.approvals).toEqual([]);
});

test("A8 approvals of a turn end with it", () => {
  const state = after(created, queued("t1"), begun(2), asked("a1", "t1"), ended("t1"));
  expect(state.approvals).toEqual([]);
});

test("A9 an approval that was closed is open no more", () => {
  const closed: SessionEvent = { type: "approval.closed", approval: "a1", why: "orphaned", at };
  expect(after(created, asked("a1", "t1"), asked("a2", "t1"), closed).approvals).toMatchObject([
    { approval: "a2", state: "pending" },
  ]);
});

test("the runner is the one that started last", () => {
  expect(after(created, started(1), started(2)).runner).toMatchObject({ epoch: 2, startedAt: 7 });
});

test("W5 a control event of an unknown type takes its position and changes nothing else", () => {
  const state = after(created, queued("t1"));
  const unknown = { type: "turn.annotated", turn: "t1", at: 9 } as unknown as SessionEvent;
  expect(reduce(state, unknown, 3)).toEqual({ ...state, position: 3, time: 9 });
});

test("R17 a session is settled where no turn runs, and no message, approval or cancellation is open", () => {
  expect(isSettled(after(created))).toBe(true);
  expect(isSettled(after(created, queued("t1")))).toBe(true);
  expect(isSettled(after(created, queued("t1"), begun(2)))).toBe(false);
  expect(isSettled(after(created, text("Hi")))).toBe(false);
  expect(isSettled(after(created, asked("a1", "t1")))).toBe(false);
  expect(isSettled(after(created, queued("t1"), begun(2), ended("t1")))).toBe(true);
});

test("reducing leaves the state before as it was", () => {
  const before = after(created, queued("t1"));
  const copy = structuredClone(before);
  reduce(before, begun(2), 3);
  expect(before).toEqual(copy);
});
