/** What a turn has written and the log does not hold yet. Nobody else holds it, so nobody has seen it either. */

import { FLUSH_LENGTH } from "../log/index.ts";
import type { Chunk } from "../protocol/index.ts";
import {
  deltaOf,
  isChunk,
  isObject,
  MAX_RUNNER_FRAME_BYTES,
  PerdureError,
} from "../protocol/index.ts";
import type { SessionLog } from "./session-log.ts";

/** Chunks that say something of a message, but make none where there is none. */
const NEEDS_MESSAGE = new Set(["finish", "finish-step", "abort", "error"]);

/** UTF-16 units of a type that an error repeats. */
const LONGEST_NAME = 40;

/** Collects chunks between two flushes. */
export class TurnBuffer {
  #chunks: Chunk[] = [];
  #length = 0;

  get isEmpty(): boolean {
    return this.#chunks.length === 0;
  }

  /** Whether it should be flushed without waiting for the time. */
  get isFull(): boolean {
    return this.#length >= FLUSH_LENGTH;
  }

  /** Takes one chunk, as JSON, and answers it. Throws `bad_request` or `too_large`, and then takes nothing. */
  add(value: unknown): Chunk {
    const json = JSON.stringify(value) as string | undefined;
    const chunk: unknown = json === undefined ? undefined : JSON.parse(json);
    if (json === undefined || !isObject(chunk) || !isChunk(chunk)) throw noChunk(chunk);
    // UTF-8 has at most three bytes for each UTF-16 unit: count exactly only where it matters.
    if (
      json.length * 3 > MAX_RUNNER_FRAME_BYTES &&
      new TextEncoder().encode(json).length > MAX_RUNNER_FRAME_BYTES
    )
      throw new PerdureError(
        "too_large",
        `A turn wrote a ${chunk.type} of more than ${MAX_RUNNER_FRAME_BYTES} bytes; store it elsewhere and write where.`,
      );
    this.#chunks.push(chunk);
    this.#length += deltaOf(chunk)?.text.length ?? json.length;
    return chunk;
  }

  /**
   * Moves everything to the log, in a transaction. A message keeps the id under which it began, and gets one of its position
   * where the stream gives none.
   */
  drainTo(log: SessionLog): void {
    const chunks = this.#chunks;
    this.#chunks = [];
    this.#length = 0;
    for (const chunk of chunks) {
      const open = log.state.open?.message.id;
      if (chunk.type === "start")
        log.append({ ...chunk, messageId: open ?? chunk.messageId ?? nextId(log) });
      else {
        if (open === undefined && NEEDS_MESSAGE.has(chunk.type)) continue;
        if (open === undefined) log.append({ type: "start", messageId: nextId(log) });
        log.append(chunk);
      }
    }
  }

  /** What it holds, as a function that brings it back. */
  mark(): () => void {
    const [chunks, length] = [this.#chunks, this.#length];
    return () => {
      this.#chunks = chunks;
      this.#length = length;
    };
  }
}

/** The id that a fold gives to a message that has none. */
const nextId = ({ log }: SessionLog) => `m${log.last + 1}`;

function noChunk(value: unknown): PerdureError {
  const type = isObject(value) ? value["type"] : undefined;
  const what =
    typeof type === "string" && type.length <= LONGEST_NAME
      ? `something of type "${type}"`
      : "something";
  return new PerdureError(
    "bad_request",
    `A turn wrote ${what} that is no UI message chunk of the AI SDK; return \`result.toUIMessageStream()\`.`,
  );
}
