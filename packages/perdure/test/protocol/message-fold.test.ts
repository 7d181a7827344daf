import type { UIMessage, UIMessageChunk } from "ai";
import { readUIMessageStream } from "ai";
import { expect, expectTypeOf, test } from "vitest";
import type { Chunk, Message } from "../../src/protocol/index.ts";
import { closeMessage, foldChunk, isChunk, openMessage } from "../../src/protocol/index.ts";

/** What the AI SDK's own reader makes of a stream; `undefined` fields and absent ones are the same to JSON. */
async function referee(chunks: readonly UIMessageChunk[]): Promise<unknown> {
  // It hands over no message for the chunks that change no part; the last one does.
  const stream = new ReadableStream<UIMessageChunk>({
    start(controller) {
      for (const chunk of [...chunks, LAST]) controller.enqueue(chunk);
      controller.close();
    },
  });
  let last: UIMessage | undefined;
  for await (const message of readUIMessageStream({ stream, terminateOnError: false }))
    last = message;
  return JSON.parse(JSON.stringify(last));
}

const LAST: UIMessageChunk = { type: "data-last", data: null };

function folded(chunks: readonly Chunk[]): unknown {
  const open = [...chunks, LAST].reduce(foldChunk, openMessage("", 1));
  return JSON.parse(JSON.stringify(open.message));
}

/** The AI SDK guesses what the beginning of the JSON means; here only the whole counts. */
const GUESSED = "a tool's input in pieces, then whole";

const STREAMS: Readonly<Record<string, readonly UIMessageChunk[]>> = {
  "text in two parts": [
    { type: "start", messageId: "m1" },
    { type: "start-step" },
    { type: "text-start", id: "t1", providerMetadata: { a: { b: 1 } } },
    { type: "text-delta", id: "t1", delta: "Hel" },
    { type: "text-start", id: "t2" },
    { type: "text-delta", id: "t2", delta: "other", providerMetadata: { a: { b: 2 } } },
    { type: "text-delta", id: "t1", delta: "lo" },
    { type: "text-end", id: "t1" },
    { type: "text-end", id: "t2", providerMetadata: { a: { b: 3 } } },
    { type: "finish-step" },
    { type: "finish", finishReason: "stop" },
  ],
  "text that is cut off": [
    { type: "start", messageId: "m1" },
    { type: "text-start", id: "t1" },
    { type: "text-delta", id: "t1", delta: "Hel" },
  ],
  "an id of a text that is used again": [
    { type: "text-start", id: "t1" },
    { type: "text-delta", id: "t1", delta: "one" },
    { type: "text-end", id: "t1" },
    { type: "text-start", id: "t1" },
    { type: "text-delta", id: "t1", delta: "two" },
  ],
  "reasoning with its signature": [
    { type: "start", messageId: "m1" },
    { type: "reasoning-start", id: "r1" },
    { type: "reasoning-delta", id: "r1", delta: "Let me " },
    { type: "reasoning-delta", id: "r1", delta: "see" },
    { type: "reasoning-end", id: "r1", providerMetadata: { a: { signature: "s" } } },
    { type: "reasoning-file", url: "data:,x", mediaType: "text/plain" },
  ],
  "a static tool, whole": [
    { type: "start", messageId: "m1" },
    { type: "start-step" },
    { type: "tool-input-start", toolCallId: "c1", toolName: "read", title: "Read" },
    { type: "tool-input-available", toolCallId: "c1", toolName: "read", input: { path: "a" } },
    { type: "tool-output-available", toolCallId: "c1", output: "…", preliminary: true },
    { type: "tool-output-available", toolCallId: "c1", output: "text" },
    { type: "finish-step" },
  ],
  "a dynamic tool that the provider runs": [
    {
      type: "tool-input-start",
      toolCallId: "c1",
      toolName: "search",
      dynamic: true,
      providerExecuted: true,
    },
    {
      type: "tool-input-available",
      toolCallId: "c1",
      toolName: "search",
      dynamic: true,
      input: { query: "x" },
      providerMetadata: { a: { call: 1 } },
      toolMetadata: { kind: "k" },
    },
    {
      type: "tool-output-available",
      toolCallId: "c1",
      output: [1],
      providerMetadata: { a: { result: 1 } },
    },
  ],
  "text as a tool's input": [
    { type: "tool-input-start", toolCallId: "c1", toolName: "sh", inputEncoding: "text" },
    { type: "tool-input-delta", toolCallId: "c1", inputTextDelta: "ls " },
    { type: "tool-input-delta", toolCallId: "c1", inputTextDelta: "-l" },
  ],
  [GUESSED]: [
    { type: "tool-input-start", toolCallId: "c1", toolName: "read" },
    { type: "tool-input-delta", toolCallId: "c1", inputTextDelta: '{"path":' },
    { type: "tool-input-delta", toolCallId: "c1", inputTextDelta: '"a"}' },
    { type: "tool-input-available", toolCallId: "c1", toolName: "read", input: { path: "a" } },
  ],
  "a tool's input that is wrong": [
    { type: "tool-input-start", toolCallId: "c1", toolName: "read" },
    {
      type: "tool-input-error",
      toolCallId: "c1",
      toolName: "read",
      input: "?",
      errorText: "no path",
      providerMetadata: { a: { b: 1 } },
    },
  ],
  "a tool that fails after a preliminary output": [
    { type: "tool-input-available", toolCallId: "c1", toolName: "read", input: 1 },
    { type: "tool-output-available", toolCallId: "c1", output: "half", preliminary: true },
    { type: "tool-output-error", toolCallId: "c1", errorText: "gone" },
  ],
  "an approval that is given": [
    { type: "tool-input-available", toolCallId: "c1", toolName: "edit", input: { path: "a" } },
    {
      type: "tool-approval-request",
      approvalId: "a1",
      toolCallId: "c1",
      reason: "It writes.",
      isAutomatic: true,
      signature: "s",
      approvalDescriptor: { kind: "edit" },
      inputSchemaInput: { path: "b" },
    },
    {
      type: "tool-approval-response",
      approvalId: "a1",
      approved: true,
      reason: "Fine.",
      providerExecuted: true,
      providerMetadata: { a: { b: 1 } },
    },
    { type: "tool-output-available", toolCallId: "c1", output: "done" },
  ],
  "an approval that is denied": [
    {
      type: "tool-input-available",
      toolCallId: "c1",
      toolName: "edit",
      input: 1,
      dynamic: true,
    },
    { type: "tool-approval-request", approvalId: "a1", toolCallId: "c1" },
    { type: "tool-approval-response", approvalId: "a1", approved: false },
    { type: "tool-output-denied", toolCallId: "c1" },
  ],
  "an id of a call that two steps use": [
    { type: "start-step" },
    { type: "tool-input-available", toolCallId: "c1", toolName: "read", input: 1 },
    { type: "tool-output-available", toolCallId: "c1", output: "one" },
    { type: "finish-step" },
    { type: "start-step" },
    { type: "tool-input-available", toolCallId: "c1", toolName: "read", input: 2 },
    { type: "tool-output-available", toolCallId: "c1", output: "two" },
  ],
  "a result in a later step than its call": [
    { type: "start-step" },
    { type: "tool-input-available", toolCallId: "c1", toolName: "read", input: 1 },
    { type: "start-step" },
    { type: "tool-output-available", toolCallId: "c1", output: "late" },
  ],
  "files and sources": [
    { type: "file", url: "data:,x", mediaType: "text/plain", providerMetadata: { a: { b: 1 } } },
    { type: "source-url", sourceId: "s1", url: "https://example.com", title: "Example" },
    {
      type: "source-document",
      sourceId: "s2",
      mediaType: "application/pdf",
      title: "Paper",
      filename: "p.pdf",
    },
    { type: "custom", kind: "a.b", providerMetadata: { a: { b: 1 } } },
    { type: "steering-message", id: "u1", parts: [{ type: "text", text: "Also this." }] },
  ],
  "data parts, replaced by id, and transient ones": [
    { type: "data-plan", id: "p", data: { step: 1 } },
    { type: "data-note", data: "a", transient: false },
    { type: "data-note", data: "b" },
    { type: "data-plan", id: "p", data: { step: 2 } },
    { type: "data-toast", data: "gone", transient: true },
  ],
  "an error and an abort": [
    { type: "text-start", id: "t1" },
    { type: "text-delta", id: "t1", delta: "Hel" },
    { type: "error", errorText: "The model is gone." },
    { type: "abort", reason: "cancelled" },
    { type: "finish", finishReason: "error" },
  ],
  "a step that is tried again": [
    { type: "start-step" },
    { type: "text-start", id: "t1" },
    { type: "text-delta", id: "t1", delta: "kept" },
    { type: "text-end", id: "t1" },
    { type: "start-step" },
    { type: "text-start", id: "t2" },
    { type: "text-delta", id: "t2", delta: "forgotten" },
    { type: "tool-input-start", toolCallId: "c1", toolName: "read" },
    { type: "reset-step" },
    { type: "text-start", id: "t2" },
    { type: "text-delta", id: "t2", delta: "again" },
  ],
  "a first step without a boundary that is tried again": [
    { type: "text-start", id: "t1" },
    { type: "reset-step" },
    { type: "text-start", id: "t1" },
  ],
  "metadata, merged in depth": [
    { type: "start", messageId: "m1", messageMetadata: { usage: { input: 1 }, tags: ["a"] } },
    { type: "message-metadata", messageMetadata: { usage: { output: 2 }, tags: ["b"] } },
    { type: "finish", messageMetadata: { model: "x" } },
  ],
  "a name that belongs to every object, as metadata": [
    { type: "start", messageId: "m1", messageMetadata: { a: 1 } },
    { type: "message-metadata", messageMetadata: { toString: { deep: true } } },
  ],
};

test.each(Object.keys(STREAMS))(
  "T17 folding makes the message of the AI SDK's own reader: %s",
  async (name) => {
    const chunks = STREAMS[name] ?? [];
    expect(folded(chunks)).toEqual(await referee(chunks));
  },
);

test("T17 after every single chunk the two messages are the same", async () => {
  const { [GUESSED]: _guessed, ...streams } = STREAMS;
  for (const chunks of Object.values(streams)) {
    for (let count = 1; count < chunks.length; count += 1) {
      const begun = chunks.slice(0, count);
      expect(folded(begun)).toEqual(await referee(begun));
    }
  }
});

test("every chunk of the AI SDK is a chunk here", () => {
  expectTypeOf<UIMessageChunk>().toExtend<Chunk>();
  for (const chunk of Object.values(STREAMS).flat()) expect(isChunk({ ...chunk })).toBe(true);
});

test("a message of the AI SDK is a message here", () => {
  expectTypeOf<UIMessage<Record<string, unknown>>>().toExtend<Message>();
});

test("T17 a delta whose part was never begun begins it", () => {
  expect(folded([{ type: "text-delta", id: "t1", delta: "mid-text" }])).toEqual({
    id: "",
    role: "assistant",
    parts: [
      { type: "text", text: "mid-text", state: "streaming" },
      { type: "data-last", data: null },
    ],
  });
  expect(folded([{ type: "tool-output-available", toolCallId: "c1", output: 1 }])).toMatchObject({
    parts: [{ type: "tool-tool", toolCallId: "c1", state: "output-available", output: 1 }, LAST],
  });
});

test("T17 until a tool's input is whole its part has the raw text alone", () => {
  const chunks: Chunk[] = [
    { type: "tool-input-start", toolCallId: "c1", toolName: "read" },
    { type: "tool-input-delta", toolCallId: "c1", inputTextDelta: '{"path":"a' },
  ];
  expect(folded(chunks)).toMatchObject({
    parts: [{ type: "tool-read", state: "input-streaming", rawInput: '{"path":"a' }, LAST],
  });
});

test("T17 a call of one id in one step is one part, whichever kind its chunks name", () => {
  const chunks: Chunk[] = [
    { type: "tool-input-start", toolCallId: "c1", toolName: "read", dynamic: true },
    { type: "tool-input-available", toolCallId: "c1", toolName: "read", input: 1 },
  ];
  expect(folded(chunks)).toMatchObject({
    parts: [{ type: "dynamic-tool", toolName: "read", state: "input-available" }, LAST],
  });
});

test("T17 fields that the AI SDK's reader leaves out are kept, and metadata that is no object is not", () => {
  const file = {
    type: "file",
    url: "data:,x",
    mediaType: "text/plain",
    filename: "x.txt",
  } as const;
  const chunks: Chunk[] = [{ type: "message-metadata", messageMetadata: "text" }, file];
  expect(folded(chunks)).toEqual({ id: "", role: "assistant", parts: [file, LAST] });
});

test("T13 parts that were still streaming are done when the message ends", () => {
  const open = [
    { type: "text-start", id: "t1" } as const,
    { type: "text-delta", id: "t1", delta: "Hel" } as const,
  ].reduce(foldChunk, openMessage("m1", 1));
  expect(closeMessage(open).parts).toEqual([{ type: "text", text: "Hel", state: "done" }]);
});

test("folding leaves the message before as it was", () => {
  const before = foldChunk(openMessage("m1", 1), { type: "text-start", id: "t1" });
  foldChunk(before, { type: "text-delta", id: "t1", delta: "x" });
  expect(before.message.parts).toEqual([{ type: "text", text: "", state: "streaming" }]);
});
