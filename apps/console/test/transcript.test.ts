import { EMPTY_STATE, type SessionState, type Turn } from "perdure/protocol";
import type { SessionMessage } from "perdure/react";
import { expect, test } from "vitest";
import { NO_MEMORY, recallOutcomes, remember, type Outcome } from "../src/session/memory.ts";
import { transcriptOf, type Entry } from "../src/transcript/entries.ts";

const prompt = (turn: string): SessionMessage => ({
  id: turn,
  role: "user",
  parts: [{ type: "text", text: `Do ${turn}.` }],
  turn,
  at: 1,
});

const answer = (id: string, turn: string, at?: number): SessionMessage => ({
  id,
  role: "assistant",
  parts: [],
  turn,
  at,
});

const turnOf = (id: string, state: Turn["state"]): Turn => ({
  id,
  state,
  by: "ada",
  command: 1,
  message: prompt(id),
  queuedAt: 1,
});

const ended = (turn: string, outcome: Outcome["outcome"]): Outcome => ({
  turn,
  outcome,
  reason: undefined,
});

function lines(
  messages: readonly SessionMessage[],
  turns: readonly Turn[] = [],
  outcomes: readonly Outcome[] = [],
): readonly string[] {
  const byTurn = new Map(outcomes.map((outcome) => [outcome.turn, outcome]));
  return transcriptOf({ messages, turns, outcomes: byTurn }).map(describe);
}

function describe(entry: Entry): string {
  switch (entry.kind) {
    case "message":
      return `${entry.message.id}${entry.queued === undefined ? "" : " (queued)"}`;
    case "outcome":
      return entry.outcome.outcome;
    case "running":
      return `running ${entry.turn.id}`;
    case "sending":
      return `sending ${entry.text}`;
  }
}

test("what runs stands below what its turn has said, and above the prompts that wait", () => {
  const turns = [turnOf("a", "running"), turnOf("b", "queued")];
  expect(lines([prompt("a"), answer("x", "a", 2), answer("y", "a"), prompt("b")], turns)).toEqual([
    "a",
    "x",
    "y",
    "running a",
    "b (queued)",
  ]);
});

const keys = (at?: number) =>
  transcriptOf({ messages: [answer("x", "a", at)], turns: [], outcomes: new Map() }).map(
    ({ key }) => key,
  );

test("a message keeps its key when it is finished", () => {
  expect(keys(5)).toEqual(keys());
});

test("a running turn that has said nothing is shown as running", () => {
  expect(lines([prompt("a")], [turnOf("a", "cancelling")])).toEqual(["a", "running a"]);
});

test("a turn that was cut off says so at its end, a completed one says nothing", () => {
  const messages = [prompt("a"), answer("x", "a", 1), prompt("b"), answer("y", "b", 1)];
  const outcomes = [ended("a", "interrupted"), ended("b", "completed")];
  expect(lines(messages, [], outcomes)).toEqual(["a", "x", "interrupted", "b", "y"]);
});

test("a prompt on its way says so", () => {
  const pending = { ...prompt("b"), at: undefined, pending: true } as const;
  expect(lines([prompt("a"), pending], [turnOf("a", "running")])).toEqual([
    "a",
    "running a",
    "sending Do b.",
  ]);
});

test("an outcome that the log tells of does not replace one that was seen", () => {
  const session: SessionState = { ...EMPTY_STATE, lastOutcome: ended("a", "cancelled") };
  const memory = remember(NO_MEMORY, undefined, session);

  const recalled = recallOutcomes(memory, [ended("a", "failed"), ended("b", "failed")]);

  expect(recalled.outcomes.get("a")?.outcome).toBe("cancelled");
  expect(recalled.outcomes.get("b")?.outcome).toBe("failed");
});
