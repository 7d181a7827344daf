import { createHash } from "node:crypto";
import type { RunnerEvent } from "perdure/protocol";
import { isObject, MAX_RUNNER_FRAME_BYTES } from "perdure/protocol";

/** Largest event, in bytes of JSON: a frame also holds what was written before it in the same tick, and its own fields. */
export const MAX_EVENT_BYTES = MAX_RUNNER_FRAME_BYTES - 128 * 1024;

/** A control character in JSON: `\\u0000`. */
const LONGEST_CHARACTER_BYTES = 6;

/** Texts are shortened to these lengths, in UTF-16 units, one after the other until the event fits. */
const SHORTENED_LENGTHS = [256 * 1024, 16 * 1024, 1024];

/**
 * The event itself where it fits into a frame. A delta that does not is split. Any other has its long texts shortened: each
 * says how much is left out and has the SHA-256 of the whole, so that two different texts never look the same to the digest
 * of a decision.
 *
 * @throws Error when a control event is too large whatever is shortened; content then becomes a `data-acp` that says so.
 */
export function fitEvent(event: RunnerEvent, maxBytes = MAX_EVENT_BYTES): RunnerEvent[] {
  if (event.type === "text-delta" || event.type === "reasoning-delta") {
    const pieces = piecesOf(event.delta, Math.floor(maxBytes / LONGEST_CHARACTER_BYTES / 2));
    return pieces.length === 1
      ? [event]
      : pieces.map((delta) => Object.assign({ ...event }, { delta }));
  }
  const bytes = sizeOf(event);
  if (bytes <= maxBytes) return [event];
  for (const length of SHORTENED_LENGTHS) {
    const shortened = shorten(event, Math.min(length, maxBytes)) as RunnerEvent;
    if (sizeOf(shortened) <= maxBytes) return [shortened];
  }
  if ("at" in event) {
    throw new Error(
      `The agent sent a ${event.type} of ${bytes} bytes; at most ${maxBytes} can be kept.`,
    );
  }
  return [{ type: "data-acp", data: { leftOut: event.type, bytes } }];
}

function piecesOf(text: string, length: number): string[] {
  if (text.length <= length) return [text];
  const count = Math.ceil(text.length / length);
  return Array.from({ length: count }, (_, index) =>
    text.slice(index * length, (index + 1) * length),
  );
}

function shorten(value: unknown, length: number): unknown {
  if (typeof value === "string") return value.length <= length ? value : shortenText(value, length);
  if (Array.isArray(value)) return value.map((item: unknown) => shorten(item, length));
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, shorten(item, length)]),
  );
}

function shortenText(text: string, length: number): string {
  const hash = createHash("sha256").update(text).digest("hex");
  const kept = text.slice(0, length).toWellFormed();
  return `${kept}… (${text.length - length} more characters were left out; SHA-256 of all: ${hash})`;
}

const sizeOf = (event: RunnerEvent) => Buffer.byteLength(JSON.stringify(event));
