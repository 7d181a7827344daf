import { expect, test } from "vitest";
import type { ClientState, PendingCommand } from "../../src/client/index.ts";
import type { SessionEvent, SessionState } from "../../src/protocol/index.ts";
import { EMPTY_STATE, reduce } from "../../src/protocol/index.ts";
import type { ViewSource } from "../../src/react/session-view.ts";
import { IDLE_STATE, viewer } from "../../src/react/session-view.ts";
import { created, delta, queued, textStart } from "../client/frames.ts";

const begun = (command: number): SessionEvent => ({ type: "command.begun", command, at: 4 });

const ended = (turn: string): SessionEvent => ({
  type: "turn.ended",
  turn,
  outcome: "completed",
  at: 5,
});

const asked: SessionEvent = {
  type: "approval.requested",
  approval: "q",
  turn: "a",
  kind: "edit",
  title: "Edit",
  input: {},
  options: [{ id: "allow", name: "Allow", kind: "allow_once" }],
  at: 4,
};

const decided: SessionEvent = {
  type: "approval.decided",
  approval: "q",
  option: "allow",
  approved: true,
  by: "ann",
  at: 5,
};

const after = (events: readonly SessionEvent[], state = EMPTY_STATE): SessionState =>
  events.reduce((before, event) => reduce(before, event, before.position + 1), state);

const sourceOf = (session: SessionState, state: Partial<ClientState> = {}): ViewSource => ({
  state: { ...IDLE_STATE, link: "live", session, ...state },
  earlier: EMPTY_STATE.messages,
  hasEarlier: false,
  error: undefined,
});

const viewOf = (events: readonly SessionEvent[], state: Partial<ClientState> = {}) =>
  viewer("s")(sourceOf(after(events), state));

const prompt = (id: string): PendingCommand => ({
  id,
  sentAt: 1,
  command: { op: "prompt", parts: [{ type: "text", text: id }] },
});

test("U7 a prompt that was queued before the answer to another one stands behind that answer", () => {
  const events = [created, queued("a"), queued("b"), begun(2), textStart, delta("to a")];
  const ids = (more: readonly SessionEvent[]) =>
    viewOf([...events, ...more]).messages.map(({ id }) => id);
  expect(ids([])).toEqual(["a", "m5", "b"]);
  expect(ids([ended("a")])).toEqual(["a", "m5", "b"]);
  expect(ids([ended("a"), begun(3), textStart])).toEqual(["a", "m5", "b", "m9"]);
});

test("U7 two answers of one turn stay together, and prompts on their way come last", () => {
  const events: SessionEvent[] = [created, queued("a"), queued("b"), begun(2), textStart];
  const second: SessionEvent[] = [{ type: "finish" }, { type: "start", messageId: "more" }];
  const { messages } = viewOf([...events, ...second], { outbox: [prompt("c")] });
  expect(messages.map(({ id, turn, pending }) => [id, turn, pending])).toEqual([
    ["a", "a", undefined],
    ["m5", "a", undefined],
    ["more", "a", undefined],
    ["b", "b", undefined],
    ["c", "c", true],
  ]);
});

test("U7 a message of no turn stands where it began", () => {
  const greeting: SessionEvent[] = [textStart, delta("Hello."), { type: "finish" }];
  const { messages } = viewOf([created, ...greeting, queued("a"), begun(5), textStart]);
  expect(messages.map(({ id }) => id)).toEqual(["m2", "a", "m7"]);
  const writing = viewOf([created, textStart, delta("Hel")]);
  expect(writing.messages).toMatchObject([{ parts: [{ text: "Hel", state: "streaming" }] }]);
});

test("U7 a finished message is the same object while another one is written", () => {
  const view = viewer("s");
  const state = after([created, queued("a"), begun(2), textStart]);
  const before = view(sourceOf(state));
  const next = view(sourceOf(after([delta("x")], state)));
  expect(next.messages[0]).toBe(before.messages[0]);
  expect(next.messages[1]).not.toBe(before.messages[1]);
  expect(next.messages[1]?.parts).toEqual([{ type: "text", text: "x", state: "streaming" }]);
});

test("U8 parts whose source did not change are the same objects", () => {
  const view = viewer("s");
  const state = after([created, queued("a"), begun(2), asked]);
  const runner = { epoch: 1, agent: undefined, since: 1 };
  const before = view(sourceOf(state, { runner }));
  const next = view(sourceOf(after([textStart], state), { runner }));
  for (const field of ["approvals", "tasks", "meta", "presence"] as const)
    expect(next[field]).toBe(before[field]);
  expect(next.presence.runner).toBe(runner);
  const moved = view(sourceOf({ ...state, position: 90 }, { runner, cursor: 90 }));
  expect(moved.messages).toEqual(before.messages);
});

test("U5 a prompt is shown once, also where its reply is still on its way", () => {
  const { messages } = viewOf([created, queued("a")], { outbox: [prompt("a"), prompt("b")] });
  expect(messages.map(({ id, pending }) => [id, pending])).toEqual([
    ["a", undefined],
    ["b", true],
  ]);
});

test.each([
  ["idle", [created], []],
  ["queued", [created], [prompt("a")]],
  ["queued", [created, queued("a")], []],
  ["running", [created, queued("a"), begun(2)], []],
  ["waiting", [created, queued("a"), begun(2), asked], []],
  ["running", [created, queued("a"), begun(2), asked, decided], []],
  ["idle", [created, queued("a"), begun(2), ended("a")], []],
] as const)("U13 the status is derived: %s", (status, events, outbox) => {
  expect(viewOf(events, { outbox }).status).toBe(status);
});

test("U13 an approval is there until it is decided", () => {
  const events = [created, queued("a"), begun(2), asked];
  expect(viewOf(events).approvals).toMatchObject([{ approval: "q", state: "pending" }]);
  expect(viewOf([...events, decided]).approvals).toEqual([]);
});
