/**
 * Server-Sent Events: one message an event, `id` its position, `data` the event with its position. A cursor that retention
 * has passed gets `event: reset` with a snapshot instead of a silent gap. Stateless: `Last-Event-ID` resumes anywhere.
 */

import type { Identity } from "../object/index.ts";
import type { FeedItem } from "./durable-feed.ts";
import { openFeed } from "./durable-feed.ts";
import type { SocketHost } from "./object-socket.ts";

/** A reader that was cut off is noticed only when something is written to it. */
export const KEEP_ALIVE_MS = 12_000;

/** What an `EventSource` waits before it connects again, in milliseconds. */
export const RETRY_MS = 2_000;

/** How long a reader may take for what was on its way when the session closed the connection, in milliseconds. */
const CLOSE_GRACE_MS = 5_000;

/** Where a stream begins and what ends it. */
export interface EventStreamOptions {
  /** Position that the reader has already; 0 for everything. */
  readonly after: number;
  /** The request's signal: aborted when the reader goes away. */
  readonly signal?: AbortSignal | undefined;
}

/** The answer to a request for Server-Sent Events. Throws the problem of a session that refuses the reader. */
export async function eventStreamResponse(
  host: SocketHost,
  identity: Identity,
  { after, signal }: EventStreamOptions,
): Promise<Response> {
  const feed = await openFeed(host, identity, after);
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const writer = writable.getWriter();
  const encoder = new TextEncoder();
  const write = (text: string) => writer.write(encoder.encode(text));
  const leave = () => feed.close();
  signal?.addEventListener("abort", leave, { once: true });
  // A cancelled body and a failed write both end the writer.
  writer.closed.catch(leave);

  let isDone = false;
  let grace: ReturnType<typeof setTimeout> | null = null;
  const abort = () => {
    writer.abort().catch(leave);
  };
  const endSoonAfterClose = async () => {
    await feed.closed;
    if (!isDone) grace = setTimeout(abort, CLOSE_GRACE_MS);
  };
  const pump = async () => {
    // While a write waits for its reader, the connection is not idle and nothing more may pile up behind it.
    const keepAlive = setInterval(() => {
      if ((writer.desiredSize ?? 0) > 0) write(": keep-alive\n\n").catch(leave);
    }, KEEP_ALIVE_MS);
    try {
      await write(`retry: ${RETRY_MS}\n\n`);
      for await (const items of feed.items()) await write(items.map(encodeItem).join(""));
      await writer.close();
    } catch {
      // The reader is gone; it resumes from the last id that it got.
    } finally {
      isDone = true;
      clearInterval(keepAlive);
      clearTimeout(grace);
      signal?.removeEventListener("abort", leave);
      feed.close();
    }
  };
  void pump();
  void endSoonAfterClose();

  return new Response(readable, {
    headers: {
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-store",
      "x-accel-buffering": "no",
    },
  });
}

/** One message of the stream. JSON holds no line break, so `data` is one line. */
function encodeItem(item: FeedItem): string {
  return item.kind === "reset"
    ? `event: reset\nid: ${item.snapshot.position}\ndata: ${JSON.stringify(item.snapshot)}\n\n`
    : `id: ${item.event.position}\ndata: ${JSON.stringify(item.event)}\n\n`;
}
