/** Server-Sent Events of a stream, to a client that asked for them with a GET. */

import { clientStream } from "./client-stream.ts";
import type { ClientFacts } from "./kept-session.ts";
import { primingEvent } from "./sse.ts";
import { eventId } from "./stream-name.ts";
import { readStream } from "./stream-reader.ts";
import type { SessionAccess } from "./stream-socket.ts";
import { openStreamSocket } from "./stream-socket.ts";

/** What a client reads. */
export interface Reading {
  /** Name of the stream. */
  readonly stream: string;
  /** Position that it has; null for what no reader has had. */
  readonly after: number | null;
  /** After how long it is to come back where the stream ends, in milliseconds. */
  readonly retryMs: number;
  /** Whether a client of whom this is known knows of events without a message. */
  readonly knowsPriming: (facts: ClientFacts) => boolean;
}

/** The response to a GET. Throws `session_not_found` where there is no such session for this subject. */
export async function standaloneResponse(
  access: SessionAccess,
  { stream, after, retryMs, knowsPriming }: Reading,
): Promise<Response> {
  const meta = { as: "reader", stream, after, begins: false } as const;
  const socket = await openStreamSocket(access, meta);
  const { promise: hasEnded, resolve: begin } = Promise.withResolvers<boolean>();
  let end: (() => void) | undefined;
  const body = clientStream(
    (sink) => {
      end = readStream(socket, stream, {
        ...sink,
        begin(position, facts, isOver) {
          begin(isOver);
          return primingEvent(eventId({ stream, position }), retryMs, knowsPriming(facts));
        },
        end() {
          begin(false);
          sink.end();
        },
      });
    },
    () => end?.(),
  );
  // Clients come back for as long as they hear of no result, and an error is none to some: this has them stop (HTML §9.2).
  if (await hasEnded) return new Response(null, { status: 204 });
  return new Response(body, {
    headers: {
      "content-type": "text/event-stream",
      "cache-control": "no-cache, no-store",
      "x-accel-buffering": "no",
      "mcp-session-id": access.id,
    },
  });
}
