import { once } from "node:events";
import type { ServerFrame, SessionEvent, SessionState, Snapshot } from "perdure/protocol";
import {
  EMPTY_STATE,
  parseServerFrame,
  PROTOCOL_VERSION,
  reduce,
  splitRun,
} from "perdure/protocol";
import { WebSocket } from "ws";

/** A server, and who reads there. */
export interface ReaderOptions {
  readonly url: string;
  readonly session: string;
  readonly token: string;
}

/** What a connection brought until it was live. */
export interface Reading {
  /** In place of all that the reader had; undefined where it had a cursor that could be served. */
  readonly reset: { readonly why: "fresh" | "reset"; readonly snapshot: Snapshot } | undefined;
  /** Position of the first event. */
  readonly from: number;
  /** Single events in the order of their positions, which have no gap. */
  readonly events: readonly SessionEvent[];
  readonly head: number;
}

/** Connects without the client, says what it has, and reads until it has all. */
export async function readFrom(options: ReaderOptions, after: number | null): Promise<Reading> {
  const { url, session, token } = options;
  const socket = new WebSocket(`${url.replace("http", "ws")}/v1/sessions/${session}/ws`, {
    headers: { authorization: `Bearer ${token}` },
  });
  const frames: ServerFrame[] = [];
  const live = new Promise<void>((resolve, reject) => {
    socket.on("error", reject);
    socket.on("close", (code) => reject(new Error(`It was closed with ${code}.`)));
    socket.on("message", (data) => {
      const frame = Buffer.isBuffer(data) ? parseServerFrame(data.toString()) : undefined;
      if (typeof frame !== "object") return;
      frames.push(frame);
      if (frame.t === "live") resolve();
    });
  });
  await Promise.race([once(socket, "open"), live]);
  socket.send(JSON.stringify({ t: "hello", v: PROTOCOL_VERSION, after }));
  await live;
  socket.removeAllListeners("close").terminate();
  return readingOf(frames, after ?? 0);
}

/** Throws where positions do not follow on each other. */
function readingOf(frames: readonly ServerFrame[], after: number): Reading {
  let reset: Reading["reset"];
  let from = after + 1;
  let events: SessionEvent[] = [];
  let head = 0;
  for (const frame of frames) {
    if (frame.t === "snapshot") {
      reset = { why: frame.why, snapshot: frame.snapshot };
      from = frame.snapshot.position + 1;
      events = [];
    } else if (frame.t === "events") {
      if (frame.p !== from + events.length)
        throw new Error(`After ${from + events.length - 1} comes ${frame.p}.`);
      events.push(...frame.e.flatMap(splitRun));
    } else if (frame.t === "live") head = frame.d;
  }
  return { reset, from, events, head };
}

/** What a reader that had this state makes of what it read. */
export function stateAfter(before: SessionState, { reset, events }: Reading): SessionState {
  let state = reset === undefined ? before : stateOf(reset.snapshot);
  for (const event of events) state = reduce(state, event, state.position + 1);
  return state;
}

function stateOf({ hasEarlier: _hasEarlier, ...summary }: Snapshot): SessionState {
  return { ...EMPTY_STATE, ...summary };
}

/** JSON with the keys of every object in order: equal values have equal bytes. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    typeof part === "object" && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}
