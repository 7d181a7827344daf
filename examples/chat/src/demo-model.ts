/** A model that needs no network: it repeats what it was told, word by word, and sends an email when it hears of one. */

import { simulateReadableStream } from "ai";
import { MockLanguageModelV4 } from "ai/test";

type Stream = Awaited<ReturnType<MockLanguageModelV4["doStream"]>>["stream"];
type Part = Stream extends ReadableStream<infer Item> ? Item : never;

/** About as fast as a person reads aloud. */
const PART_EVERY_MS = 40;

/** The model, for the AI SDK. */
export const demoModel = new MockLanguageModelV4({
  doStream: async ({ prompt }) => {
    const last = prompt.at(-1);
    const text =
      last?.role === "user"
        ? last.content.map((part) => (part.type === "text" ? part.text : "")).join("")
        : "";
    const chunks =
      last?.role === "tool"
        ? words("That is what became of the email.")
        : /\bemail\b/i.test(text)
          ? email(text)
          : words(`You said: ${text}`);
    return { stream: simulateReadableStream({ chunks, chunkDelayInMs: PART_EVERY_MS }) };
  },
});

const words = (text: string): Part[] => [
  { type: "text-start", id: "1" },
  ...text.split(/(?<=\s)/).map((delta): Part => ({ type: "text-delta", id: "1", delta })),
  { type: "text-end", id: "1" },
  finish("stop"),
];

const email = (text: string): Part[] => [
  {
    type: "tool-call",
    toolCallId: crypto.randomUUID(),
    toolName: "sendEmail",
    input: JSON.stringify({ to: "bob@example.com", text }),
  },
  finish("tool-calls"),
];

const finish = (unified: "stop" | "tool-calls"): Part => ({
  type: "finish",
  finishReason: { unified, raw: undefined },
  usage: {
    inputTokens: { total: 0, noCache: 0, cacheRead: undefined, cacheWrite: undefined },
    outputTokens: { total: 0, text: 0, reasoning: undefined },
  },
});
