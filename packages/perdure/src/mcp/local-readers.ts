/** Readers whose streams a transport has made, in this isolate: found by the session's id, which is all that a transport knows. */

import type { EventSink } from "./stream-reader.ts";
import { controllerSink, readStream } from "./stream-reader.ts";
import { STANDALONE } from "./stream-name.ts";
import type { SessionAccess } from "./stream-socket.ts";
import { openStreamSocket } from "./stream-socket.ts";

/** Chunks that a transport's stream may hold: what its reader has not taken. */
const MAX_LAG_CHUNKS = 256;

/** UTF-16 units that these chunks may have together. */
const MAX_LAG_LENGTH = 1024 * 1024;

/** One reader. */
interface LocalReader {
  readonly controller: ReadableStreamDefaultController;
  readonly end: () => void;
}

/** The readers of one isolate. */
export class LocalReaders {
  readonly #readers = new Map<string, Set<LocalReader>>();

  /** Sends a session's messages to a stream, from the one that no stream has had. */
  async attach(access: SessionAccess, controller: ReadableStreamDefaultController): Promise<void> {
    const { id } = access;
    const meta = { as: "reader", stream: STANDALONE, after: null, begins: true } as const;
    const socket = await openStreamSocket(access, meta);
    const sink = transportSink(controller);
    const end = readStream(socket, STANDALONE, {
      write: (text) => sink.write(text),
      end: () => {
        sink.end();
        this.#forget(id, reader);
      },
    });
    const reader: LocalReader = { controller, end };
    const readers = this.#readers.get(id) ?? new Set();
    this.#readers.set(id, readers.add(reader));
  }

  /**
   * A transport says that the stream of a session was cancelled, or that its session ends, and not which stream: it is the one
   * that is closed. One that another has taken over must not end that, and one that is still open ends with its session.
   */
  detach(id: string): void {
    const readers = [...(this.#readers.get(id) ?? [])];
    const cancelled = readers.find(({ controller }) => isClosed(controller));
    cancelled?.end();
  }

  #forget(id: string, reader: LocalReader): void {
    const readers = this.#readers.get(id);
    readers?.delete(reader);
    if (readers?.size === 0) this.#readers.delete(id);
  }
}

/** A stream that was cancelled takes nothing more. One that is open, and holds one chunk, looks the same, but takes a comment. */
function isClosed(controller: ReadableStreamDefaultController): boolean {
  if (controller.desiredSize === null) return true;
  return controller.desiredSize === 0 && !controllerSink(controller, 0).write(":\n\n");
}

/** A transport's stream counts chunks, however long they are; so the lengths of those that wait are kept here. */
function transportSink(controller: ReadableStreamDefaultController): EventSink {
  const sink = controllerSink(controller, MAX_LAG_CHUNKS);
  let waiting: number[] = [];
  return {
    write(text) {
      const count = Math.max(1 - (controller.desiredSize ?? 1), 0);
      waiting = count === 0 ? [] : waiting.slice(-count);
      if (waiting.reduce((sum, length) => sum + length, 0) > MAX_LAG_LENGTH) return false;
      waiting.push(text.length);
      return sink.write(text);
    },
    end: () => sink.end(),
  };
}
