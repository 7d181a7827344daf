import type { JsonObject, RunnerEvent, SessionEvent } from "perdure/protocol";
import { EMPTY_STATE, parseRunnerFrame, reduce } from "perdure/protocol";
import { describe, expect, test } from "vitest";
import { approvalOptions, TurnTranslation } from "../../src/runner/translate.ts";

const OPTIONS = [
  { id: "yes", name: "Allow", kind: "allow_once" },
  { id: "no", name: "Reject", kind: "reject_once" },
] as const;

const translation = () => new TurnTranslation("turn-1", () => 5);

const text = (content: string, messageId?: string): JsonObject => ({
  sessionUpdate: "agent_message_chunk",
  ...(messageId === undefined ? {} : { messageId }),
  content: { type: "text", text: content },
});

const thought = (content: string, messageId?: string): JsonObject => ({
  ...text(content, messageId),
  sessionUpdate: "agent_thought_chunk",
});

const tool = (fields: JsonObject, toolCallId = "call-1"): JsonObject => ({
  sessionUpdate: "tool_call",
  toolCallId,
  ...fields,
});

const toolUpdate = (fields: JsonObject, toolCallId = "call-1"): JsonObject => ({
  ...tool(fields, toolCallId),
  sessionUpdate: "tool_call_update",
});

const updates = (...all: readonly JsonObject[]): RunnerEvent[] => {
  const turn = translation();
  return all.flatMap((update) => turn.update(update));
};

/** What a session shows after a prompt and these events, as every reader computes it. */
function fold(events: readonly RunnerEvent[]) {
  const log: SessionEvent[] = [
    {
      type: "turn.queued",
      turn: "turn-1",
      by: "ann",
      message: { id: "turn-1", role: "user", parts: [{ type: "text", text: "hi" }] },
      at: 1,
    },
    { type: "command.begun", command: 1, at: 2 },
    ...events.filter((event) => event.type !== "tasks.changed"),
  ];
  return log.reduce((state, event, index) => reduce(state, event, index + 1), EMPTY_STATE);
}

const reply = (events: readonly RunnerEvent[]) => fold(events).messages.at(-1)?.message;

describe("text and thoughts", () => {
  test("chunks of one message are deltas of one part", () => {
    expect(updates(text("Hel", "m1"), text("lo", "m1"))).toEqual([
      { type: "text-start", id: "m1" },
      { type: "text-delta", id: "m1", delta: "Hel" },
      { type: "text-delta", id: "m1", delta: "lo" },
    ]);
  });

  test("another message begins another part", () => {
    expect(updates(text("a", "m1"), text("b", "m2"))).toEqual([
      { type: "text-start", id: "m1" },
      { type: "text-delta", id: "m1", delta: "a" },
      { type: "text-end", id: "m1" },
      { type: "text-start", id: "m2" },
      { type: "text-delta", id: "m2", delta: "b" },
    ]);
  });

  test("text after a thought is a part of its own, with an id of its own", () => {
    expect(updates(text("a", "m1"), thought("hm", "m1"), text("b", "m1"))).toEqual([
      { type: "text-start", id: "m1" },
      { type: "text-delta", id: "m1", delta: "a" },
      { type: "text-end", id: "m1" },
      { type: "reasoning-start", id: "m1.2" },
      { type: "reasoning-delta", id: "m1.2", delta: "hm" },
      { type: "reasoning-end", id: "m1.2" },
      { type: "text-start", id: "m1.3" },
      { type: "text-delta", id: "m1.3", delta: "b" },
    ]);
  });

  test("an agent without message ids gets parts all the same", () => {
    expect(updates(text("a"), text("b"), tool({ title: "Read" }), text("c"))).toMatchObject([
      { type: "text-start", id: "text" },
      { type: "text-delta", id: "text", delta: "a" },
      { type: "text-delta", id: "text", delta: "b" },
      { type: "text-end", id: "text" },
      { type: "tool-input-available" },
      { type: "text-start", id: "text.2" },
      { type: "text-delta", id: "text.2", delta: "c" },
    ]);
  });

  test("a picture becomes a file with its bytes", () => {
    const image = { type: "image", data: "AAAA", mimeType: "image/png" };
    expect(updates({ sessionUpdate: "agent_message_chunk", content: image })).toEqual([
      { type: "file", url: "data:image/png;base64,AAAA", mediaType: "image/png" },
    ]);
  });

  test("extension data of a text goes along", () => {
    expect(updates({ ...text("a", "m1"), _meta: { score: 1 } }).at(-1)).toEqual({
      type: "text-delta",
      id: "m1",
      delta: "a",
      providerMetadata: { acp: { score: 1 } },
    });
  });
});

describe("tool calls", () => {
  const diff = { type: "diff", path: "/a", oldText: "x", newText: "y" };

  test("a call brings its input, its title, and where it works", () => {
    const locations = [{ path: "/a", line: 3 }];
    expect(
      updates(tool({ title: "Read a", kind: "read", rawInput: { file: "a" }, locations })),
    ).toEqual([
      {
        type: "tool-input-available",
        toolCallId: "call-1",
        toolName: "read",
        title: "Read a",
        input: { file: "a" },
        dynamic: true,
        toolMetadata: { kind: "read", locations },
      },
    ]);
  });

  test("a tool's own name wins over its kind", () => {
    expect(updates(tool({ name: "grep", kind: "search" }))).toMatchObject([{ toolName: "grep" }]);
  });

  test("contents of a call under way are preliminary, and final when it is completed", () => {
    const [, ...outputs] = updates(
      tool({ title: "Edit", status: "in_progress" }),
      toolUpdate({ content: [diff] }),
      toolUpdate({ status: "completed", rawOutput: { ok: true } }),
    );
    const common = { type: "tool-output-available", toolCallId: "call-1", dynamic: true };
    expect(outputs).toEqual([
      { ...common, output: { content: [diff] }, preliminary: true },
      { ...common, output: { content: [diff], rawOutput: { ok: true } } },
    ]);
  });

  test("a call that completes without contents has an output all the same", () => {
    expect(updates(tool({}), toolUpdate({ status: "completed" })).at(-1)).toMatchObject({
      type: "tool-output-available",
      output: { content: [] },
    });
  });

  test("a failure has the call's words, and what else it brought", () => {
    const content = [{ type: "content", content: { type: "text", text: "No such file" } }, diff];
    expect(updates(tool({}), toolUpdate({ status: "failed", content })).at(-1)).toEqual({
      type: "tool-output-error",
      toolCallId: "call-1",
      errorText: "No such file",
      dynamic: true,
      toolMetadata: { kind: "other", content },
    });
  });

  test("an update that changes nothing writes nothing", () => {
    const all = updates(
      tool({ title: "Read", status: "pending" }),
      toolUpdate({ status: "in_progress", title: null }),
      toolUpdate({ title: "Read" }),
    );
    expect(all).toHaveLength(1);
  });

  test("a new title keeps the output that was there", () => {
    const turn = translation();
    const message = reply([
      ...turn.begin(),
      ...turn.update(tool({ title: "Read" })),
      ...turn.update(toolUpdate({ status: "completed", rawOutput: "text" })),
      ...turn.update(toolUpdate({ title: "Read a (3 lines)" })),
      ...turn.end({ kind: "stopped", stopReason: "end_turn" }),
    ]);
    expect(message?.parts).toMatchObject([
      {
        title: "Read a (3 lines)",
        state: "output-available",
        output: { content: [], rawOutput: "text" },
      },
    ]);
  });

  test("an update of a call that was never announced announces it", () => {
    expect(updates(toolUpdate({ status: "completed" }, "unheard-of"))).toMatchObject([
      { type: "tool-input-available", toolCallId: "unheard-of" },
      { type: "tool-output-available", toolCallId: "unheard-of" },
    ]);
  });
});

describe("questions", () => {
  const call = { toolCallId: "call-1", title: "Edit a", kind: "edit", rawInput: { file: "a" } };

  test("a question is an approval and a chunk, after the call that it is about", () => {
    const { events } = translation().ask("7.1", call, OPTIONS);
    expect(events).toMatchObject([
      { type: "tool-input-available", toolCallId: "call-1" },
      { type: "tool-approval-request", approvalId: "7.1", toolCallId: "call-1" },
      {
        type: "approval.requested",
        approval: "7.1",
        turn: "turn-1",
        toolCallId: "call-1",
        kind: "edit",
        title: "Edit a",
        input: { file: "a" },
        options: OPTIONS,
        at: 5,
      },
    ]);
  });

  test("a question about a call that is known has what the call said before", () => {
    const turn = translation();
    turn.update(tool({ title: "Edit a", kind: "edit", rawInput: { file: "a" } }));
    const { question, events } = turn.ask("7.1", { toolCallId: "call-1" }, OPTIONS);
    expect(question).toEqual({ kind: "edit", title: "Edit a", input: { file: "a" } });
    expect(events.map(({ type }) => type)).toEqual(["tool-approval-request", "approval.requested"]);
  });

  test("a call without raw input is asked about by its contents", () => {
    const content = [{ type: "diff", path: "/a", oldText: null, newText: "y" }];
    expect(translation().ask("7.1", { toolCallId: "c", content }, OPTIONS).question.input).toEqual(
      content,
    );
  });

  test("a rejected call that then fails was refused, and is no error", () => {
    const turn = translation();
    turn.ask("7.1", call, OPTIONS);
    expect(turn.answered("7.1", "call-1", false)).toEqual([
      { type: "tool-approval-response", approvalId: "7.1", approved: false },
    ]);
    expect(turn.update(toolUpdate({ status: "failed" }))).toEqual([
      { type: "tool-output-denied", toolCallId: "call-1" },
    ]);
  });

  test("options of a kind that nobody knows make the question unanswerable", () => {
    expect(approvalOptions([{ optionId: "a", name: "A", kind: "perhaps" }])).toBeUndefined();
    expect(approvalOptions([])).toBeUndefined();
    expect(approvalOptions([{ optionId: "a", name: "A", kind: "allow_once" }])).toEqual([
      { id: "a", name: "A", kind: "allow_once" },
    ]);
  });
});

describe("everything else", () => {
  test("a plan becomes the session's tasks", () => {
    const entries = [
      { content: "Think", priority: "high", status: "completed" },
      { content: "Act", priority: "low", status: "in_progress" },
    ];
    expect(updates({ sessionUpdate: "plan", entries })).toEqual([
      {
        type: "tasks.changed",
        tasks: [
          { id: "task-1", title: "Think", priority: "high", status: "done" },
          { id: "task-2", title: "Act", priority: "low", status: "running" },
        ],
        at: 5,
      },
    ]);
  });

  test.each<JsonObject>([
    { sessionUpdate: "_demo_weather", sky: "clear", celsius: 21 },
    { sessionUpdate: "user_message_chunk", content: { type: "text", text: "hi" } },
    { sessionUpdate: "agent_message_chunk", content: { type: "hologram", beams: 3 } },
    { sessionUpdate: "plan", entries: [{ content: "x", status: "dreamt of" }] },
    { sessionUpdate: "tool_call", title: "a call without an id" },
    { method: "_demo/weather", params: { sky: "clear" } },
    {},
  ])("what has no counterpart is carried whole: %j", (update) => {
    expect(updates(update)).toEqual([{ type: "data-acp", data: update }]);
  });

  test("of updates that replace each other, a message shows the last", () => {
    const turn = translation();
    const events = [
      ...turn.begin(),
      ...turn.update({ sessionUpdate: "usage_update", used: 1, size: 9 }),
      ...turn.update({ sessionUpdate: "usage_update", used: 2, size: 9 }),
      ...turn.end({ kind: "stopped", stopReason: "end_turn" }),
    ];
    expect(reply(events)?.parts).toEqual([
      {
        type: "data-acp",
        id: "usage_update",
        data: { sessionUpdate: "usage_update", used: 2, size: 9 },
      },
    ]);
  });
});

describe("the end", () => {
  test.each([
    ["end_turn", "stop", {}],
    ["max_tokens", "length", { reason: "max_tokens" }],
    ["refusal", "content-filter", { reason: "refusal" }],
    ["max_turn_requests", "other", { reason: "max_turn_requests" }],
  ])("%s completes the turn", (stopReason, finishReason, extra) => {
    expect(translation().end({ kind: "stopped", stopReason })).toEqual([
      { type: "finish", finishReason },
      { type: "turn.ended", turn: "turn-1", outcome: "completed", ...extra, at: 5 },
    ]);
  });

  test("a cancelled turn ends its part and its calls", () => {
    const turn = translation();
    turn.update(tool({ title: "Edit" }));
    turn.update(text("so", "m1"));
    expect(turn.end({ kind: "stopped", stopReason: "cancelled" })).toMatchObject([
      { type: "text-end", id: "m1" },
      { type: "tool-output-error", toolCallId: "call-1" },
      { type: "abort" },
      { type: "finish", finishReason: "other" },
      { type: "turn.ended", outcome: "cancelled" },
    ]);
  });

  test("a failed turn says why", () => {
    expect(translation().end({ kind: "failed", reason: "The agent died." })).toMatchObject([
      { type: "error", errorText: "The agent died." },
      { type: "finish", finishReason: "error" },
      { type: "turn.ended", outcome: "failed", reason: "The agent died." },
    ]);
  });
});

describe("folded as every reader does", () => {
  const turn = translation();
  const events: RunnerEvent[] = [
    ...turn.begin(),
    ...turn.update(thought("Let me see.", "m1")),
    ...turn.update(text("I will ", "m2")),
    ...turn.update(text("edit.", "m2")),
    ...turn.update(tool({ title: "Edit a", kind: "edit", rawInput: { file: "a" } })),
    ...turn.ask("7.1", { toolCallId: "call-1" }, OPTIONS).events,
    ...turn.answered("7.1", "call-1", true),
    ...turn.update(toolUpdate({ status: "completed", rawOutput: { kind: "edited" } })),
    ...turn.update(text("Done.", "m3")),
    ...turn.end({ kind: "stopped", stopReason: "end_turn" }),
  ];

  test("the events make the message that the agent wrote", () => {
    expect(reply(events)).toEqual({
      id: "turn-1-reply",
      role: "assistant",
      parts: [
        { type: "reasoning", id: "m1", text: "Let me see.", state: "done" },
        { type: "text", text: "I will edit.", state: "done" },
        {
          type: "dynamic-tool",
          toolCallId: "call-1",
          toolName: "edit",
          title: "Edit a",
          state: "output-available",
          input: { file: "a" },
          toolMetadata: { kind: "edit" },
          approval: { id: "7.1", approved: true },
          output: { content: [], rawOutput: { kind: "edited" } },
        },
        { type: "text", text: "Done.", state: "done" },
      ],
    });
    expect(fold(events).turns).toEqual([]);
  });

  test("the question waits in the state until the turn ends", () => {
    const asked = events.slice(
      0,
      events.findIndex(({ type }) => type === "approval.requested") + 1,
    );
    expect(fold(asked).approvals).toMatchObject([{ approval: "7.1", state: "pending" }]);
    expect(fold(events).approvals).toEqual([]);
  });

  test("a session takes every event", () => {
    const frame = JSON.stringify({ t: "events", epoch: 7, r: 1, e: events });
    expect(parseRunnerFrame(frame)).toMatchObject({ t: "events" });
  });
});
