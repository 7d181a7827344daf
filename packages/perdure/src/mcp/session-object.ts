/** One MCP session: who it belongs to, what was said in it, who reads it and who writes it. */

import type { Clock, Link, Sql, Timers } from "../object/index.ts";
import { isObject, MAX_PAGE_BYTES, PerdureError } from "../protocol/index.ts";
import type { Beginning, ClientFacts } from "./kept-session.ts";
import { KeptSession } from "./kept-session.ts";
import type { AppendFacts, KeptLimits, Message } from "./message-log.ts";
import { MessageLog } from "./message-log.ts";
import type { RegistryRpc, Replay, StreamMeta, Taken, Written } from "./rpc.ts";
import { streamMetaOf } from "./rpc.ts";
import { STANDALONE } from "./stream-name.ts";
import { StreamReaders } from "./stream-readers.ts";
import { StreamWriters } from "./stream-writers.ts";

/** Wakes the object when the session may have expired. */
export const IDLE_TIMER = "perdure:mcp-idle";

/** Wakes the object where an end did not come to its end. */
export const END_TIMER = "perdure:mcp-end";

/** How long an end may take before it is tried again, in milliseconds. */
const END_RETRY_MS = 60_000;

/** Largest message, in UTF-16 units: three bytes each are still within the largest frame. */
export const MAX_MESSAGE_LENGTH = 1024 * 1024;

/** What a session needs of its object. */
export interface SessionHost {
  /** The session's id. */
  readonly id: string;
  readonly sql: Sql;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly limits: KeptLimits;
  /** After how long without use it expires, in milliseconds. */
  readonly idleMs: number;
  /** How long a stream waits for a writer that is gone, in milliseconds. */
  readonly graceMs: number;
  links(): readonly Link[];
  /** The registry of a session's id or a URI. */
  registry(key: string): RegistryRpc;
  /** Forgets everything, and closes every socket. */
  erase(reason: string): Promise<void>;
}

/** A session that is stored, or is being begun. */
export class SessionObject {
  readonly #host: SessionHost;
  readonly #kept: KeptSession;
  readonly #log: MessageLog;
  readonly #readers: StreamReaders;
  readonly #writers: StreamWriters;

  constructor(host: SessionHost) {
    this.#host = host;
    this.#kept = new KeptSession(host.sql, host.clock, host.idleMs);
    this.#log = new MessageLog(host.sql, host.clock, host.limits);
    this.#readers = new StreamReaders(
      this.#log,
      () => host.links(),
      () => this.#kept.facts,
    );
    this.#writers = new StreamWriters({
      log: this.#log,
      clock: host.clock,
      graceMs: host.graceMs,
      links: () => host.links(),
      facts: () => this.#kept.facts,
      append: (messages) => this.#append(messages),
    });
  }

  /** Whether it is there. */
  get isOpen(): boolean {
    return this.#kept.isOpen;
  }

  /** What its client said of itself. */
  get facts(): ClientFacts {
    return this.#kept.facts;
  }

  /** Whether it is there and whoever asks may use it: any subject, where none is given. Uses it. */
  admits(subject: string | null | undefined): boolean {
    const isAdmitted = this.isOpen && (subject === undefined || subject === this.#kept.subject);
    if (isAdmitted) this.#kept.use();
    return isAdmitted;
  }

  /** Whether a stream began it and is open: that of the older SSE transport, which has one for each session. */
  get holdsStream(): boolean {
    return this.#kept.isStream && this.#readers.isRead(STANDALONE);
  }

  /** Throws `unavailable` while it ends: it cannot be begun again yet. */
  checkBegin(): void {
    if (this.#kept.isEnding)
      throw new PerdureError("unavailable", "A session of this id is just ending; try again.");
  }

  /** Begins it; its registry has it by now. */
  begin(subject: string | null, beginning: Beginning): void {
    this.checkBegin();
    this.#host.sql.transaction(() => {
      this.#kept.begin(subject, beginning);
      this.#host.timers.set(IDLE_TIMER, this.#kept.expiresAt);
    });
  }

  /** Changes what its client said of itself. */
  say(facts: ClientFacts): void {
    this.#kept.say(facts);
  }

  /** Puts a message into a stream; one that may have come before (`isAgain`) only if it has not. Answers its position. */
  put(stream: string, data: string, key: string, isAgain: boolean): number {
    const before = isAgain ? this.#log.positionOf(key) : undefined;
    return before ?? this.#append([{ s: stream, d: data, k: key }]);
  }

  /** A page of a stream's messages after a position. */
  replay(stream: string, after: number): Replay {
    const from = Math.min(after, this.#log.head);
    const page = this.#log.read(stream, from, MAX_PAGE_BYTES);
    return { ...page, floor: this.#log.floor, head: this.#log.head };
  }

  /** Puts a broadcast into the standalone stream, unless it or a later one is there. */
  deliver(number: number, data: string): void {
    if (number > this.#log.broadcast)
      this.#append([{ s: STANDALONE, d: data }], { broadcast: number });
  }

  /** Follows a URI: first in its registry, so that one that is followed here is never missed. */
  async follow(uri: string): Promise<void> {
    this.#kept.checkFollow(uri);
    await this.#host.registry(uri).follow(uri, this.#host.id);
    // It may have ended meanwhile, without having known of this URI.
    if (this.isOpen) this.#kept.follow(uri);
    else await this.#host.registry(uri).unfollow(uri, this.#host.id);
  }

  /** Follows a URI no more. */
  async unfollow(uri: string): Promise<void> {
    await this.#host.registry(uri).unfollow(uri, this.#host.id);
    this.#kept.unfollow(uri);
  }

  /** Hands the answer to a request of the server's on. Answers whether somebody waits. */
  answer(id: string, data: string): boolean {
    const stream = id.slice(0, id.lastIndexOf(":"));
    return this.#writers.answer(stream, id, data);
  }

  /** A request of the client's is cancelled. */
  cancel(request: string | number): void {
    this.#writers.cancel(request);
  }

  /** Ends it at once for everybody, then erases it. Where that fails, a timer does it again. */
  async end(): Promise<void> {
    if (this.isOpen)
      this.#host.sql.transaction(() => {
        this.#kept.end();
        this.#host.timers.set(END_TIMER, this.#host.clock.now() + END_RETRY_MS);
      });
    const { id } = this.#host;
    for (const uri of this.#kept.followed()) await this.#host.registry(uri).unfollow(uri, id);
    await this.#host.registry(id).leave(id);
    await this.#host.erase("The session has ended.");
  }

  /** A timer of its own is due. */
  async ring(name: string): Promise<void> {
    if (name === END_TIMER) {
      this.#host.timers.set(END_TIMER, this.#host.clock.now() + END_RETRY_MS);
      return this.end();
    }
    if (this.#host.links().length > 0) this.#kept.use();
    if (this.#host.clock.now() >= this.#kept.expiresAt) return this.end();
    this.#host.timers.set(IDLE_TIMER, this.#kept.expiresAt);
  }

  /** A socket was opened. */
  connect(link: Link, meta: StreamMeta): void {
    if (meta.as === "writer") return this.#writers.connect(link, meta);
    if (meta.stream === STANDALONE) return this.#readers.connect(link, meta, this.#handed);
    const { isOver, position } = this.#log.progressOf(meta.stream);
    this.#readers.connect(link, meta, this.#log.floor, isOver ? position : undefined);
    this.#writers.moved(meta.stream);
    if (!isOver) this.#writers.expect(meta.stream);
  }

  /** A socket sent a frame. */
  receive(link: Link, frame: unknown): void {
    const meta = streamMetaOf(link.attachment.meta);
    if (isObject(frame) && meta !== undefined) {
      if (meta.as === "reader" && frame["t"] === "got" && typeof frame["p"] === "number")
        return this.#readers.got(link, frame["p"]);
      const written = frame["t"] === "put" ? writtenIn(frame["m"]) : undefined;
      if (meta.as === "writer" && written !== undefined)
        return this.#writers.put(link, meta.stream, written);
    }
    throw new PerdureError("bad_frame", "This frame is unknown here.");
  }

  /** A socket is gone. */
  disconnect(link: Link): void {
    const meta = streamMetaOf(link.attachment.meta);
    if (meta === undefined || !this.isOpen) return;
    if (meta.as === "writer")
      return this.#writers.disconnect(link, meta.stream, this.#readers.isRead(meta.stream));
    const isLast = meta.stream === STANDALONE && !this.#readers.isRead(STANDALONE);
    const got = this.#readers.gotBy(link);
    if (isLast && got !== this.#handed) this.#kept.hand(got, this.#log.head);
  }

  /** How far the standalone stream was handed to a reader: what one said when it went, unless something came since. */
  get #handed(): number {
    return this.#kept.handedAt(this.#log.head) ?? this.#log.handed;
  }

  #append(messages: readonly Message[], facts: AppendFacts = {}): number {
    const first = this.#log.head + 1;
    const isHanded = messages.some(({ s }) => s === STANDALONE) && this.#readers.isLive(STANDALONE);
    const handed = isHanded ? this.#log.head + messages.length : this.#handed;
    const last = this.#log.append(messages, { ...facts, handed });
    this.#readers.appended(first, messages);
    return last;
  }
}

/** The session as it answers calls of methods. */
export function takenIf(isTaken: boolean): Taken {
  return isTaken ? "taken" : "gone";
}

function writtenIn(value: unknown): readonly Written[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const written = value.flatMap((one: unknown): readonly Written[] => {
    if (!isObject(one) || typeof one["n"] !== "number" || typeof one["d"] !== "string") return [];
    return [{ n: one["n"], d: one["d"], ...(one["e"] === 1 ? { e: 1 as const } : {}) }];
  });
  return written.length === value.length ? written : undefined;
}
