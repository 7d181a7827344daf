/**
 * Server-Sent Events: one message an event, `id` its position, `data` the event with its position. A cursor that retention
 * has passed gets `event: reset` with a snapshot instead of a silent gap. Stateless: `Last-Event-ID` resumes anywhere.
 */

import type { Identity, SocketHost } from "../object/index.ts";
import type { DurableFeed, FeedItem } from "./durable-feed.ts";
import { openFeed } from "./durable-feed.ts";

/** How often a quiet stream gets a comment, in milliseconds: a reader that was cut off is noticed only when something is written. */
export const KEEP_ALIVE_MS = 12_000;

/** What an `EventSource` waits before it connects again, in milliseconds. */
export const RETRY_MS = 2_000;

/** A reader that takes nothing for this many keep-alives is dropped: it holds memory here and in the object. */
const MAX_STALLED_KEEP_ALIVES = 5;

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
  return new Response(eventStream(feed, signal), {
    headers: {
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-store",
      "x-accel-buffering": "no",
    },
  });
}

/** The feed as bytes, pulled from it at the reader's pace. Whatever ends the stream closes the feed. */
function eventStream(feed: DurableFeed, signal: AbortSignal | undefined): ReadableStream {
  const encoder = new TextEncoder();
  const items = feed.items();
  let isWanted = false;
  let stalled = 0;
  let keepAlive: ReturnType<typeof setInterval> | undefined;
  const leave = () => {
    if (keepAlive !== undefined) clearInterval(keepAlive);
    signal?.removeEventListener("abort", leave);
    feed.close();
  };
  signal?.addEventListener("abort", leave);

  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        controller.enqueue(encoder.encode(`retry: ${RETRY_MS}\n\n`));
        keepAlive = setInterval(() => {
          stalled = isWanted ? 0 : stalled + 1;
          if (isWanted) controller.enqueue(encoder.encode(": keep-alive\n\n"));
          if (stalled < MAX_STALLED_KEEP_ALIVES) return;
          leave();
          controller.error(new Error("The reader takes nothing; it may resume from its last id."));
        }, KEEP_ALIVE_MS);
      },
      async pull(controller) {
        isWanted = true;
        const next = await items.next().catch((error: unknown) => {
          leave();
          throw error;
        });
        isWanted = false;
        if (next.done !== true) {
          controller.enqueue(encoder.encode(next.value.map(encodeItem).join("")));
          return;
        }
        leave();
        controller.close();
      },
      cancel: leave,
    },
    { highWaterMark: 0 },
  );
}

/** One message of the stream. JSON holds no line break, so `data` is one line. */
function encodeItem(item: FeedItem): string {
  return item.kind === "reset"
    ? `event: reset\nid: ${item.snapshot.position}\ndata: ${JSON.stringify(item.snapshot)}\n\n`
    : `id: ${item.event.position}\ndata: ${JSON.stringify(item.event)}\n\n`;
}
