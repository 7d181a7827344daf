/** What `onTurn` returned, as one stream of chunks. */

import type { Chunk } from "../protocol/index.ts";
import { PerdureError } from "../protocol/index.ts";
import { eventDataOf } from "./event-stream.ts";
import type { TurnOutput } from "./turn-context.ts";

/** Values that claim to be chunks, and a way to stop them although nobody waits for the next. */
export interface ChunkSource {
  readonly chunks: AsyncIterator<unknown>;
  cancel(): void;
}

/** UTF-16 units of one delta of a text that came in one piece: what one flush holds. */
const PIECE_LENGTH = 32 * 1024;

/** The id of the text that strings in a stream are deltas of. */
const STREAMED = "text";

/** The id of a text that is written whole. */
const WRITTEN = "written";

/** Opens what `onTurn` returned. Throws `bad_request` for what it may not return, and for a response with an error status. */
export function openOutput(output: TurnOutput): ChunkSource {
  if (output === undefined || output === null) return of(fromText(""));
  if (typeof output === "string") return of(fromText(output));
  if (output instanceof Response) return openResponse(output);
  if (typeof output === "object" && "getReader" in output) return openStream(output, withTexts);
  if (typeof output === "object" && Symbol.asyncIterator in output) {
    const iterator = output[Symbol.asyncIterator]();
    const chunks = withTexts({ [Symbol.asyncIterator]: () => iterator });
    // A generator that is busy returns when it is done with that; nobody waits for it.
    return { chunks, cancel: () => void iterator.return?.()?.catch(() => {}) };
  }
  throw new PerdureError(
    "bad_request",
    "onTurn may return a stream of UI message chunks (`result.toUIMessageStream()`), a Response, a string or nothing.",
  );
}

/** The chunks of a text: one part. None where it is empty. */
export function* textChunks(text: string): Generator<Chunk> {
  if (text === "") return;
  yield { type: "text-start", id: WRITTEN };
  for (const delta of piecesOf(text)) yield { type: "text-delta", id: WRITTEN, delta };
  yield { type: "text-end", id: WRITTEN };
}

const of = (chunks: AsyncIterator<unknown>): ChunkSource => ({ chunks, cancel: () => {} });

async function* fromText(text: string): AsyncGenerator<Chunk> {
  yield* textChunks(text);
}

function openResponse(response: Response): ChunkSource {
  const { ok, status, body } = response;
  const type = response.headers.get("content-type") ?? "text/plain";
  if (!ok) {
    void body?.cancel().catch(() => {});
    throw new PerdureError("bad_request", `onTurn returned a response with status ${status}.`);
  }
  if (body === null) return of(fromText(""));
  if (type.startsWith("text/event-stream"))
    return openStream(body, (bytes) => parsedEvents(decoded(bytes)));
  if (/^(?:text\/|application\/(?:[\w.-]+\+)?(?:json|xml))/.test(type))
    return openStream(body, (bytes) => withTexts(decoded(bytes)));
  void body.cancel().catch(() => {});
  throw new PerdureError(
    "bad_request",
    `onTurn returned a response of type ${type.slice(0, 100)}, which is no text; write a \`file\` chunk instead.`,
  );
}

function openStream<T>(
  stream: ReadableStream<T>,
  read: (values: AsyncIterable<T>) => AsyncIterator<unknown>,
): ChunkSource {
  const reader = stream.getReader();
  return { chunks: read(valuesOf(reader)), cancel: () => void reader.cancel().catch(() => {}) };
}

/** Reads by hand: `cancel` of a reader ends a read that is waiting, `return` of a stream's iterator waits for it. */
async function* valuesOf<T>(reader: ReadableStreamDefaultReader<T>): AsyncGenerator<T> {
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    yield value;
  }
}

async function* decoded(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  for await (const piece of bytes) yield decoder.decode(piece, { stream: true });
  yield decoder.decode();
}

async function* parsedEvents(texts: AsyncIterable<string>): AsyncGenerator {
  for await (const data of eventDataOf(texts)) {
    if (data === "[DONE]") return;
    try {
      yield JSON.parse(data) as unknown;
    } catch {
      throw new PerdureError(
        "bad_request",
        "onTurn returned an event stream whose data is no JSON; it must be a UI message stream.",
      );
    }
  }
}

/** Strings among the chunks are deltas of one text, which ends where another chunk comes. */
async function* withTexts(values: AsyncIterable<unknown>): AsyncGenerator {
  let isOpen = false;
  for await (const value of values) {
    if (typeof value === "string") {
      if (value === "") continue;
      if (!isOpen) yield { type: "text-start", id: STREAMED };
      isOpen = true;
      for (const delta of piecesOf(value)) yield { type: "text-delta", id: STREAMED, delta };
      continue;
    }
    if (isOpen) yield { type: "text-end", id: STREAMED };
    isOpen = false;
    yield value;
  }
  if (isOpen) yield { type: "text-end", id: STREAMED };
}

function* piecesOf(text: string): Generator<string> {
  for (let start = 0; start < text.length; start += PIECE_LENGTH)
    yield text.slice(start, start + PIECE_LENGTH);
}
