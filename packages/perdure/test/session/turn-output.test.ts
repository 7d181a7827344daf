import {
  createUIMessageStreamResponse,
  createTextStreamResponse,
  simulateReadableStream,
} from "ai";
import type { UIMessageChunk } from "ai";
import { expect, test } from "vitest";
import { eventDataOf } from "../../src/session/event-stream.ts";
import type { TurnOutput } from "../../src/session/index.ts";
import { LocalScene, rest } from "./local-turn-scene.ts";

const CHUNKS: UIMessageChunk[] = [
  { type: "start", messageId: "m" },
  { type: "start-step" },
  { type: "reasoning-start", id: "r" },
  { type: "reasoning-delta", id: "r", delta: "Hm." },
  { type: "reasoning-end", id: "r", providerMetadata: { some: { signature: "s" } } },
  { type: "text-start", id: "t" },
  { type: "text-delta", id: "t", delta: "Hallo, " },
  { type: "text-delta", id: "t", delta: "wörld 🌍" },
  { type: "text-end", id: "t" },
  { type: "tool-input-start", toolCallId: "c", toolName: "look", dynamic: true },
  { type: "tool-input-delta", toolCallId: "c", inputTextDelta: '{"a":1}' },
  {
    type: "tool-input-available",
    toolCallId: "c",
    toolName: "look",
    input: { a: 1 },
    dynamic: true,
  },
  { type: "tool-output-available", toolCallId: "c", output: [1, "two"], dynamic: true },
  { type: "source-url", sourceId: "s", url: "https://example.com" },
  { type: "file", url: "data:text/plain,hi", mediaType: "text/plain" },
  { type: "data-note", id: "n", data: { deep: [null] }, transient: true },
  { type: "finish-step" },
  { type: "finish", finishReason: "stop", messageMetadata: { tokens: 3 } },
];

/** What a turn that returns this makes of the log. */
async function turnOf(output: (scene: LocalScene) => TurnOutput | Promise<TurnOutput>) {
  const scene: LocalScene = await LocalScene.with(() => output(scene));
  scene.reasonOf = (error) => (error as Error).message;
  await scene.prompt("p");
  while (scene.outcome === undefined) await rest();
  return scene;
}

const contentOf = (scene: LocalScene) =>
  scene.world.events().filter(({ type }) => !/^(session|turn|command)\./.test(type));

const TEXT = (text: string) => [
  { type: "start", messageId: expect.any(String) },
  { type: "text-start", id: expect.any(String) },
  { type: "text-delta", id: expect.any(String), delta: text },
  { type: "text-end", id: expect.any(String) },
];

test("a stream of UI message chunks passes unchanged", async () => {
  const scene = await turnOf(() => simulateReadableStream({ chunks: CHUNKS }));
  expect(contentOf(scene)).toEqual(CHUNKS);
});

test("so does an event stream of them, wherever its bytes are cut", async () => {
  const response = createUIMessageStreamResponse({
    stream: simulateReadableStream({ chunks: CHUNKS }),
  });
  const bytes = new Uint8Array(await response.arrayBuffer());
  const pieces = Array.from({ length: Math.ceil(bytes.length / 7) }, (_, index) =>
    bytes.slice(index * 7, index * 7 + 7),
  );
  const { headers } = response;
  const scene = await turnOf(
    () => new Response(simulateReadableStream({ chunks: pieces }), { headers }),
  );
  expect(contentOf(scene)).toEqual(CHUNKS);
});

test("so do chunks of any asynchronous iterable, in which strings are more of one text", async () => {
  const scene = await turnOf(async function* () {
    yield "One, ";
    yield "two.";
    yield { type: "data-note", data: 1 } as const;
    yield "Three.";
  });
  expect(scene.answers).toEqual(["One, two.<data-note>Three."]);
});

test.each([
  ["a string", () => "Hi"],
  ["a promise of one", () => Promise.resolve("Hi")],
  ["a response of text", () => new Response("Hi")],
  [
    "a stream of text from the AI SDK",
    () => createTextStreamResponse({ stream: simulateReadableStream({ chunks: ["Hi"] }) }),
  ],
  ["a response without a type", () => new Response(new TextEncoder().encode("Hi"))],
])("%s becomes a text", async (_what, output) => {
  const scene = await turnOf(output);
  expect(contentOf(scene)).toEqual(TEXT("Hi"));
  expect(scene.outcome).toMatchObject({ outcome: "completed" });
});

test("a text of any length is kept, in pieces that fit a row", async () => {
  const text = "🌍".repeat(50_000);
  const scene = await turnOf(() => text);
  expect(scene.answers).toEqual([text]);
  const rows = scene.world.sql.run<{ length: number }>("SELECT length(body) AS length FROM log");
  expect(Math.max(...rows.map(({ length }) => length))).toBeLessThan(140_000);
});

test.each([
  ["nothing", () => {}],
  ["null", () => null],
  ["an empty string", () => ""],
  ["an empty response", () => new Response(null, { status: 204 })],
])("%s is an answer without a message", async (_what, output) => {
  const scene = await turnOf(output);
  expect(contentOf(scene)).toEqual([]);
  expect(scene.outcome).toMatchObject({ outcome: "completed" });
});

test.each([
  ["a response with an error", () => new Response("no", { status: 502 }), /status 502/],
  ["an image", () => new Response("x", { headers: { "content-type": "image/png" } }), /image\/png/],
  [
    "an event stream of something else",
    () => new Response("data: hello\n\n", { headers: { "content-type": "text/event-stream" } }),
    /UI message stream/,
  ],
  ["an object", () => ({ text: "hi" }) as never, /toUIMessageStream/],
])("%s fails the turn", async (_what, output, reason) => {
  const scene = await turnOf(output);
  expect(scene.outcome).toMatchObject({ outcome: "failed", reason: expect.stringMatching(reason) });
});

test("an error of the stream itself fails the turn, after what was written", async () => {
  const scene = await turnOf(async function* () {
    yield "half a";
    throw new Error("cut off");
  });
  expect(scene.outcome).toMatchObject({ outcome: "failed", reason: "cut off" });
  expect(scene.answers).toEqual(["half a"]);
});

test.each([
  ["data: a\n\ndata: b\n\n", ["a", "b"]],
  ["data:a\r\n\r\ndata: b\r\rdata: c\n\n", ["a", "b", "c"]],
  ["data: one\ndata: two\n\n", ["one\ntwo"]],
  [": comment\nevent: x\nid: 1\ndata: a\n\n\n\n", ["a"]],
  ["data: a\n\ndata: cut", ["a"]],
  ["data\n\ndata:\r\n\r", ["", ""]],
])("server-sent events are read as the standard says: %j", async (text, expected) => {
  for (const size of [1, 2, 100]) {
    const found: string[] = [];
    const pieces = async function* () {
      for (let start = 0; start < text.length; start += size) yield text.slice(start, start + size);
    };
    for await (const data of eventDataOf(pieces())) found.push(data);
    expect(found).toEqual(expected);
  }
});
