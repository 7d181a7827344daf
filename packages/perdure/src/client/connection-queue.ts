/** Events on their way: kept until they are answered, sent again in order after every reconnect, handled once by their numbers. */

import type { ClientEventFrame, Problem } from "../protocol/index.ts";
import {
  DEAD_LINK_MS,
  encodeConnectionFrame,
  errorOf,
  MAX_CLIENT_FRAME_BYTES,
  PerdureError,
} from "../protocol/index.ts";
import { Pace } from "./pace.ts";

/** An event that has no answer yet. */
export interface QueuedEvent {
  /** Counts the events of this client from 1. */
  readonly id: number;
  /** Its name. */
  readonly event: string;
  /** A copy of its data. */
  readonly data: unknown;
  /** When it was emitted, in milliseconds since 1970. */
  readonly at: number;
}

/** How long events wait that were held back to keep the pace. */
const PACE_INTERVAL_MS = 200;

interface ConnectionQueueOptions {
  readonly limit: number;
  readonly now: () => number;
  /** Puts a frame on the link. False where there is none. */
  readonly send: (frame: string | Uint8Array<ArrayBuffer>) => boolean;
  /** `events` has changed. */
  readonly onChange: () => void;
}

/** Who waits for an answer. */
interface Caller {
  readonly resolve: (isHandled: boolean) => void;
  readonly reject: (error: PerdureError) => void;
}

export class ConnectionQueue {
  readonly #options: ConnectionQueueOptions;
  readonly #callers = new Map<number, Caller>();
  #events: readonly QueuedEvent[] = [];
  #lastId = 0;
  /** How far an event's number is above its id: an object that has known this client before goes on after its last number. */
  #offset = 0;
  /** The last id that was sent on the present connection. */
  #sentId = 0;
  /** The last id that was sent on any: up to it the numbers are fixed. */
  #numberedId = 0;
  #pace: Pace | undefined;
  #paceTimer: ReturnType<typeof setTimeout> | undefined;
  #resendTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: ConnectionQueueOptions) {
    this.#options = options;
  }

  /** What is not yet answered, oldest first. A new list whenever it changes. */
  get events(): readonly QueuedEvent[] {
    return this.#events;
  }

  /**
   * Takes an event.
   *
   * @returns True when it was handled, whenever that is. Rejects with a `PerdureError`: the handler's, or `bad_request`, `too_large` or
   *   `rate_limited` for one that was not taken.
   */
  async add(event: string, data: unknown): Promise<boolean> {
    const { limit, now, onChange } = this.#options;
    const frame = checkedFrame(event, data);
    if (this.#events.length >= limit)
      throw new PerdureError(
        "rate_limited",
        `${limit} events wait for an answer: try again later.`,
      );
    const id = (this.#lastId += 1);
    const queued = { id, event, data: copyOf(frame, data), at: now() };
    this.#events = [...this.#events, queued];
    const answer = new Promise<boolean>((resolve, reject) => {
      this.#callers.set(id, { resolve, reject });
    });
    onChange();
    this.#flush();
    return answer;
  }

  /** Sends an event that has no number, if that can be done now. */
  sendVolatile(event: string, data: unknown): boolean {
    checkedFrame(event, data);
    if (this.#pace?.take(this.#options.now()) !== true) return false;
    return this.#options.send(frameOf(event, data));
  }

  /** The object is there: everything is sent again, in order. @param last Number of the last event that it has handled. */
  onWelcome(last: number): void {
    const oldest = this.#events[0]?.id ?? this.#lastId + 1;
    // The number of one that was sent stays, and is never another's: it may be under way still.
    if (oldest > this.#numberedId) this.#offset = Math.max(this.#offset, last + 1 - oldest);
    this.#pace = new Pace(this.#options.now());
    this.#sendAgain();
  }

  /** The connection is gone. */
  onDrop(): void {
    this.#pace = undefined;
    clearTimeout(this.#paceTimer);
    clearTimeout(this.#resendTimer);
    this.#paceTimer = this.#resendTimer = undefined;
  }

  /** An answer arrived. A number that nobody waits for was answered before. */
  settle(n: number, error: Problem | undefined): void {
    clearTimeout(this.#resendTimer);
    this.#resendTimer = undefined;
    this.#end(n - this.#offset, error);
    this.#watch();
  }

  /** No answer will come: gives up every event. */
  abandon(problem: Problem): void {
    for (const { id } of this.#events) this.#end(id, problem);
  }

  #end(id: number, error: Problem | undefined): void {
    const caller = this.#callers.get(id);
    if (caller === undefined) return;
    this.#callers.delete(id);
    this.#events = this.#events.filter((one) => one.id !== id);
    this.#options.onChange();
    if (error === undefined) caller.resolve(true);
    else caller.reject(errorOf(error));
  }

  #sendAgain(): void {
    this.#sentId = 0;
    this.#flush();
  }

  #flush(): void {
    if (this.#paceTimer !== undefined) return;
    for (const { id, event, data } of this.#events) {
      if (this.#pace === undefined) return;
      if (id <= this.#sentId) continue;
      if (!this.#pace.take(this.#options.now())) {
        this.#paceTimer = setTimeout(() => {
          this.#paceTimer = undefined;
          this.#flush();
        }, PACE_INTERVAL_MS);
        return;
      }
      if (!this.#options.send(frameOf(event, data, id + this.#offset))) return;
      this.#sentId = id;
      this.#numberedId = Math.max(this.#numberedId, id);
      this.#watch();
    }
  }

  /** An object that lost its memory may have lost events with it, on a link that stays open. */
  #watch(): void {
    if (this.#pace === undefined || this.#events.length === 0) return;
    this.#resendTimer ??= setTimeout(() => {
      this.#resendTimer = undefined;
      this.#sendAgain();
    }, DEAD_LINK_MS);
  }
}

function frameOf(event: string, data: unknown, n?: number): string | Uint8Array<ArrayBuffer> {
  const frame: ClientEventFrame = { t: "event", event, data, n };
  return encodeConnectionFrame(frame);
}

/** The frame of an event, with the longest number that it may get; refused where the object would refuse it. */
function checkedFrame(event: string, data: unknown): string | Uint8Array<ArrayBuffer> {
  const frame = frameOf(event, data, Number.MAX_SAFE_INTEGER);
  const bytes = typeof frame === "string" ? new TextEncoder().encode(frame) : frame;
  if (bytes.length > MAX_CLIENT_FRAME_BYTES)
    throw new PerdureError(
      "too_large",
      `An event has at most ${MAX_CLIENT_FRAME_BYTES} bytes: shorten it.`,
    );
  return frame;
}

/** A copy, so that what the caller does with its own later changes nothing. */
function copyOf(frame: string | Uint8Array, data: unknown): unknown {
  return typeof frame === "string"
    ? (JSON.parse(frame) as ClientEventFrame).data
    : structuredClone(data);
}
