/** The body of a response with Server-Sent Events. */

import type { EventSink } from "./stream-reader.ts";
import { controllerSink } from "./stream-reader.ts";

/** Bytes that a client may be behind; one further behind is dropped, and resumes. */
const MAX_LAG_BYTES = 1024 * 1024;

/**
 * A stream to a client.
 *
 * @param start Gets where its events go, before this returns.
 * @param cancel Called where the client goes away.
 */
export function clientStream(
  start: (sink: EventSink) => void,
  cancel: () => void,
): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>(
    {
      start: (controller) => start(controllerSink(controller, MAX_LAG_BYTES)),
      cancel,
    },
    new ByteLengthQueuingStrategy({ highWaterMark: MAX_LAG_BYTES / 16 }),
  );
}
