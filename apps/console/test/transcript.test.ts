import type { PendingCommand } from "perdure/client";
import { EMPTY_STATE, reduce, type SessionEvent, type SessionState } from "perdure/protocol";
import { expect, test } from "vitest";
import { NO_MEMORY, recallOutcomes, remember, type Memory } from "../src/session/memory.ts";
import { joinEarlier, parsePage } from "../src/transcript/earlier.ts";
import { transcriptOf, type Entry } from "../src/transcript/entries.ts";

const prompt = (turn: string, text = turn): SessionEvent => ({
  type: "turn.queued",
  turn,
  by: "ada",
  message: { id: `prompt-${turn}`, role: "user", parts: [{ type: "text", text }] },
  at: 1,
});
const begun = (command: number): SessionEvent => ({ type: "command.begun", command, at: 1 });
const start = (messageId: string): SessionEvent => ({ type: "start", messageId });
const say = (delta: string): SessionEvent => ({ type: "text-delta", id: "t", delta });
const finish: SessionEvent = { type: "finish" };
const ended = (
  turn: string,
  outcome: "completed" | "cancelled" | "interrupted" = "completed",
): SessionEvent => ({ type: "turn.ended", turn, outcome, at: 2 });

function play(...events: SessionEvent[]): { session: SessionState; memory: Memory } {
  let session = EMPTY_STATE;
  let memory = NO_MEMORY;
  for (const [index, event] of events.entries()) {
    const next = reduce(session, event, index + 1);
    memory = remember(memory, session, next);
    session = next;
  }
  return { session, memory };
}

function lines(
  { session, memory }: ReturnType<typeof play>,
  outbox: readonly PendingCommand[] = [],
): readonly string[] {
  return transcriptOf({
    messages: session.messages,
    session,
    outcomes: memory.outcomes,
    outbox,
  }).map(describe);
}

function describe(entry: Entry): string {
  switch (entry.kind) {
    case "message":
      return `${entry.message.id}${entry.isOpen ? " (open)" : ""}${entry.queued === undefined ? "" : " (queued)"}`;
    case "outcome":
      return entry.outcome.outcome;
    case "running":
      return `running ${entry.turn.id}`;
    case "sending":
      return `sending ${entry.text}`;
  }
}

const pending = (id: string, text: string): PendingCommand => ({
  id,
  command: { op: "prompt", parts: [{ type: "text", text }] },
  sentAt: 1,
});

test("an answer stands below its prompt, though another prompt was queued before it began", () => {
  const played = play(prompt("a"), begun(1), prompt("b"), start("answer-a"), say("Hi"));

  expect(lines(played)).toEqual(["prompt-a", "answer-a (open)", "running a", "prompt-b (queued)"]);
});

test("a message keeps its key when it is finished", () => {
  const events = [prompt("a"), begun(1), start("answer"), say("Hi")];
  const keyOf = ({ session }: ReturnType<typeof play>) =>
    transcriptOf({ messages: session.messages, session, outcomes: new Map(), outbox: [] }).find(
      (entry) => entry.kind === "message" && entry.message.id === "answer",
    )?.key;

  expect(keyOf(play(...events, finish))).toBe(keyOf(play(...events)));
});

test("finished messages keep their identity while another one is written", () => {
  const first = play(prompt("a"), begun(1), start("x"), finish, ended("a"), prompt("b"), begun(6));
  const later = reduce(reduce(first.session, start("y"), 8), say("Hi"), 9);

  expect(later.messages).toBe(first.session.messages);
});

test("a running turn that has said nothing is shown as running", () => {
  expect(lines(play(prompt("a"), begun(1)))).toEqual(["prompt-a", "running a"]);
});

test("a turn that was cut off says so at its end, a completed one says nothing", () => {
  const played = play(
    prompt("a"),
    begun(1),
    start("x"),
    say("Hi"),
    ended("a", "interrupted"),
    prompt("b"),
    begun(6),
    start("y"),
    finish,
    ended("b"),
  );

  expect(lines(played)).toEqual(["prompt-a", "x", "interrupted", "prompt-b", "y"]);
});

const told = (turn: string) => ({ turn, outcome: "failed", reason: undefined }) as const;

test("an outcome that the log tells of does not replace one that was seen", () => {
  const { memory } = play(prompt("a"), begun(1), ended("a", "cancelled"));

  const recalled = recallOutcomes(memory, [told("a"), told("b")]);

  expect(recalled.outcomes.get("a")?.outcome).toBe("cancelled");
  expect(recalled.outcomes.get("b")?.outcome).toBe("failed");
});

test("a prompt on its way is shown last, and once when the log already has it", () => {
  const played = play(prompt("a"), begun(1));

  expect(lines(played, [pending("a", "a"), pending("c", "next")])).toEqual([
    "prompt-a",
    "running a",
    "sending next",
  ]);
});

test("earlier pages come before the live messages", () => {
  const live = play(prompt("b")).session;
  const page = parsePage({
    messages: [{ position: -1, at: 0, message: { id: "old", role: "user", parts: [] } }],
    hasEarlier: false,
  });

  const joined = joinEarlier({ ...page, until: 1 }, { session: live, hasEarlier: true });

  expect(joined.messages.map((one) => one.message.id)).toEqual(["old", "prompt-b"]);
  expect(joined.hasEarlier).toBe(false);
});

test("earlier pages that end before a gap are left out", () => {
  const live = play(prompt("b")).session;

  const joined = joinEarlier(
    { messages: [], hasEarlier: false, until: 7 },
    { session: live, hasEarlier: true },
  );

  expect(joined).toEqual({ messages: live.messages, hasEarlier: true });
});

test("a page with something that is no message leaves only that out", () => {
  const page = parsePage({
    messages: [
      { position: 1, message: { id: "a", role: "robot", parts: [] } },
      "nothing",
      { position: 2, at: 5, turn: "t", message: { id: "b", role: "user", parts: [null] } },
    ],
  });

  expect(page).toEqual({
    messages: [{ position: 2, at: 5, turn: "t", message: { id: "b", role: "user", parts: [] } }],
    hasEarlier: false,
  });
});
