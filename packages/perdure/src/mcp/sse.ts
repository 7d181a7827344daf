/** Server-Sent Events, as they are written. Those that are read are parsed by `eventsource-parser`. */

/** How often a quiet stream gets a comment, in milliseconds: a client that was cut off is noticed only when something is written. */
export const HEARTBEAT_MS = 12_000;

/** The comment that a quiet stream gets. */
export const HEARTBEAT = ": ping\n\n";

/** A JSON-RPC message as an event without an id. JSON holds no line break, so `data` is one line. */
export function messageEvent(json: string): string {
  return `event: message\ndata: ${json}\n\n`;
}

/** An event with its id; what is no event goes out as it is. */
export function withId(id: string, event: string): string {
  return /^(?:event|data|retry|:)/.test(event) && event.endsWith("\n\n")
    ? `id: ${id}\n${event}`
    : event;
}

/**
 * The first event of a stream: it says where to resume, and after how long, before there is anything to say (SEP-1699). Clients of
 * earlier revisions take each event for a message, so theirs has no data.
 */
export function primingEvent(id: string, retryMs: number, hasData: boolean): string {
  return `id: ${id}\nretry: ${retryMs}\n${hasData ? "data: \n" : ""}\n`;
}

/** Says that messages are missing: positions after `after` up to `to` are not kept any more. */
export function gapEvent(id: string, after: number, to: number): string {
  return `id: ${id}\nevent: gap\ndata: ${JSON.stringify({ after, to })}\n\n`;
}
