/** The Worker's side of a reader: what comes over its socket, as Server-Sent Events. */

import type { ClientFacts } from "./kept-session.ts";
import type { ReaderFrame } from "./rpc.ts";
import { gapEvent, HEARTBEAT, HEARTBEAT_MS, withId } from "./sse.ts";
import { eventId } from "./stream-name.ts";

/** Where events go. */
export interface EventSink {
  /** What is written first, for the position after which events come; nothing, where it is not there. */
  begin?(position: number, facts: ClientFacts, isOver: boolean): string;
  /** Writes a text. False where nobody takes it any more, or not fast enough. */
  write(text: string): boolean;
  /** Nothing follows. */
  end(): void;
}

/**
 * Writes what a socket brings to a sink, with ids and heartbeats, until either ends. Call it in the request whose response
 * the sink is.
 *
 * @returns Ends it from this side.
 */
export function readStream(socket: WebSocket, stream: string, sink: EventSink): () => void {
  let isOver = false;
  const end = () => {
    if (isOver) return;
    isOver = true;
    clearInterval(heartbeat);
    sink.end();
    try {
      socket.close(1000, "The reader has gone.");
    } catch {
      // The other side was faster.
    }
  };
  const write = (text: string) => {
    if (!isOver && !sink.write(text)) end();
    return !isOver;
  };
  const heartbeat = setInterval(() => write(HEARTBEAT), HEARTBEAT_MS);
  socket.addEventListener("message", ({ data }) => {
    const frame = JSON.parse(String(data)) as ReaderFrame;
    if (frame.t === "over") return end();
    if (frame.t === "from") {
      if (sink.begin !== undefined) write(sink.begin(frame.p, frame.facts, frame.isOver));
      return;
    }
    if (frame.t === "gap") {
      write(gapEvent(eventId({ stream, position: frame.to }), frame.after, frame.to));
      return;
    }
    if (frame.t !== "messages") return;
    const refused = frame.m.findIndex(
      ([position, event]) =>
        isOver || (event !== "" && !sink.write(withId(eventId({ stream, position }), event))),
    );
    const got = frame.m.at(refused === -1 ? -1 : refused - 1);
    if (got !== undefined && refused !== 0) send(socket, { t: "got", p: got[0] });
    if (refused !== -1) end();
  });
  socket.addEventListener("close", end);
  socket.addEventListener("error", end);
  socket.accept();
  return end;
}

/** A stream's controller as a sink. `maxLag` is how far it may fall behind, in what its queue counts: chunks, or bytes. */
export function controllerSink(
  controller: ReadableStreamDefaultController,
  maxLag: number,
): EventSink {
  const encoder = new TextEncoder();
  return {
    write(text) {
      const { desiredSize } = controller;
      if (desiredSize === null || desiredSize < -maxLag) return false;
      try {
        controller.enqueue(encoder.encode(text));
        return true;
      } catch {
        return false;
      }
    },
    end() {
      try {
        controller.close();
      } catch {
        // It is closed already.
      }
    },
  };
}

function send(socket: WebSocket, frame: { readonly t: "got"; readonly p: number }): void {
  try {
    socket.send(JSON.stringify(frame));
  } catch {
    // It is closed: the object goes by what it heard before.
  }
}
