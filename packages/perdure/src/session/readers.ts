/**
 * Sockets that read. A reader says what it has; it gets what it missed in pages, at its own pace, and then everything as
 * it happens. Readers of kind `dialect` get durable events only.
 */

import type { Clock, Link } from "../object/index.ts";
import type {
  Presence,
  RunnerPresence,
  ServerFrame,
  SessionEvent,
  Snapshot,
  Unstamped,
  WireEvent,
} from "../protocol/index.ts";
import {
  CLOSE,
  continues,
  deltaOf,
  MAX_UNACKNOWLEDGED_BYTES,
  mergeRuns,
  PROTOCOL_VERSION,
} from "../protocol/index.ts";
import type { News, SessionLog } from "./session-log.ts";

/** Messages in a snapshot: a screen or two; older ones are fetched when somebody scrolls. */
const SNAPSHOT_MESSAGES = 50;

/** Most UTF-16 units of messages in a snapshot, unless one alone has more. */
const SNAPSHOT_LENGTH = 1024 * 1024;

/** A reader that catches up has at most this much under way, so that live events still fit into the window. */
const CATCH_UP_BYTES = MAX_UNACKNOWLEDGED_BYTES / 2;

/** What memory knows of a reader. After an eviction it is gone, and the reader resynchronizes. */
interface Reader {
  readonly link: Link;
  /** While it catches up: the cursor for its next page. Undefined once it is live. */
  next: number | undefined;
  /** Whether the last `events` frame that it got ended with the run that is open now. */
  isInRun: boolean;
  /** UTF-16 units sent so far, and what had been sent when each durable position was announced. */
  sent: number;
  acknowledged: number;
  readonly announced: { readonly d: number; readonly sent: number }[];
}

/** All readers of one session. */
export class Readers {
  readonly #log: SessionLog;
  readonly #clock: Clock;
  readonly #incarnation: string;
  readonly #session: () => string;
  readonly #presence: () => RunnerPresence | null;
  readonly #closeRefused: (link: Link) => boolean;
  readonly #people: () => Presence | undefined;
  readonly #readers = new Map<Link, Reader>();
  /** Readers of an earlier memory that have something to ask for: told of the head until they say hello. */
  readonly #strangers = new Set<Link>();
  /** The last event that was sent live, if it was a delta: the next delta of it goes as bare text. */
  #run: SessionEvent | undefined;
  /** The durable head at the last publication. */
  #told: number;

  constructor(
    log: SessionLog,
    clock: Clock,
    options: {
      readonly incarnation: string;
      readonly session: () => string;
      readonly presence: () => RunnerPresence | null;
      /** Who is here; undefined where people may not know. */
      readonly people: () => Presence | undefined;
      /** Closes a link that may not be sent anything any more; answers whether it is so. */
      readonly closeRefused: (link: Link) => boolean;
    },
  ) {
    this.#log = log;
    this.#clock = clock;
    this.#incarnation = options.incarnation;
    this.#session = options.session;
    this.#presence = options.presence;
    this.#closeRefused = options.closeRefused;
    this.#people = options.people;
    this.#told = log.log.head;
  }

  /**
   * Takes back a socket that has outlived the object's memory. One that had acknowledged everything durable goes on from
   * there: the new incarnation tells it to drop what else it was shown. Any other asks again when it hears of it.
   */
  restore(link: Link): void {
    const { cursor, kind } = link.attachment;
    if (cursor === undefined) return;
    const reader = this.#add(link);
    if (kind === "dialect") {
      reader.next = cursor;
      this.#catchUp(reader);
    } else if (cursor !== this.#log.log.head) {
      this.#readers.delete(link);
      this.#nudge(link);
    } else if (this.#log.isOver) this.dismiss(link);
  }

  /** A reader says what it has: everything up to `after`, or nothing. */
  hello(link: Link, after: number | null): void {
    const { head, floor } = this.#log.log;
    const { role, subject } = link.attachment;
    const reader = this.#add(link);
    this.#send(
      reader,
      this.#frame({
        t: "welcome",
        v: PROTOCOL_VERSION,
        session: this.#session(),
        subject,
        role,
        d: head,
        floor,
        now: this.#clock.now(),
      }),
    );
    if (after === null || after > head) this.#reset(reader, after === null ? "fresh" : "reset");
    else reader.next = after;
    link.attach({ cursor: reader.next });
    this.#catchUp(reader);
  }

  /** A reader has everything up to `d`. */
  acknowledge(link: Link, d: number): void {
    const reader = this.#readers.get(link);
    if (reader === undefined) {
      this.#nudge(link);
      return;
    }
    while (reader.announced[0] !== undefined && reader.announced[0].d <= d)
      reader.acknowledged = reader.announced.shift()?.sent ?? reader.acknowledged;
    if (link.attachment.kind === "reader") link.attach({ cursor: Math.min(d, this.#log.log.head) });
    if (reader.next !== undefined) this.#catchUp(reader);
  }

  /** A socket is gone. */
  remove(link: Link): void {
    this.#readers.delete(link);
    this.#strangers.delete(link);
  }

  /** The session is over: a reader that has everything is sent away. Any other is when it has, and must ask first. */
  dismiss(link: Link): void {
    const reader = this.#readers.get(link);
    if (reader === undefined || reader.next !== undefined) return;
    this.#readers.delete(link);
    link.close(CLOSE.terminated, "This session is terminated; it can still be read.");
  }

  /** Sends a frame to all that read live. */
  announce(frame: Unstamped<ServerFrame>): void {
    const text = this.#frame(frame);
    for (const reader of this.#readers.values())
      if (reader.next === undefined) this.#send(reader, text);
  }

  /** Tells all that read live who is here; streams of other protocols have no place for it. */
  announcePeople(people: Presence): void {
    const text = this.#frame({ t: "presence", presence: people });
    for (const reader of this.#readers.values())
      if (reader.next === undefined && reader.link.attachment.kind === "reader")
        this.#send(reader, text);
  }

  /** Tells every reader what is new. */
  publish(news: News): void {
    if (news.events.length === 0 && !news.hasFlushed) return;
    const { head } = this.#log.log;
    if (news.hasFlushed) for (const link of this.#strangers) this.#nudge(link);
    const live = this.#liveFrames(news);
    const durable = news.hasFlushed ? this.#durableFrame() : undefined;
    // A flush whose last frame was bare text, or that had none, has not told the head yet.
    const isHeadDue = news.hasFlushed && (live.at(-1)?.isText ?? true);
    const headText = isHeadDue ? this.#frame({ t: "head", d: head }) : undefined;
    for (const reader of this.#readers.values()) {
      if (reader.next !== undefined) continue;
      if (reader.link.attachment.kind === "dialect") {
        if (news.hasFlushed) this.#sendDurable(reader, durable);
      } else {
        for (const frame of live) this.#sendLive(reader, frame);
        if (headText !== undefined) this.#send(reader, headText);
        if (news.hasFlushed) reader.announced.push({ d: head, sent: reader.sent });
      }
      if (reader.sent - reader.acknowledged > MAX_UNACKNOWLEDGED_BYTES) this.#closeSlow(reader);
    }
    this.#told = head;
  }

  /** The session at `base`, from tables alone. */
  snapshot(): Snapshot {
    const { state, base, closed, projection, tasks, waiting } = this.#log;
    return {
      position: base,
      lifecycle: state.lifecycle,
      paused: state.paused,
      createdBy: state.createdBy,
      createdAt: state.createdAt,
      meta: state.meta,
      ...projection.messages(base + 1, SNAPSHOT_MESSAGES, SNAPSHOT_LENGTH),
      turns: waiting,
      tasks: tasks.live(),
      runner: state.runner,
      ...closed,
    };
  }

  /** The incarnation in this frame makes the reader say hello again. */
  #nudge(link: Link): void {
    if (this.#closeRefused(link)) this.#strangers.delete(link);
    else if (link.send(this.#frame({ t: "head", d: this.#log.log.head })))
      this.#strangers.add(link);
    else this.#strangers.delete(link);
  }

  #add(link: Link): Reader {
    this.#strangers.delete(link);
    const reader: Reader = {
      link,
      next: undefined,
      isInRun: false,
      sent: 0,
      acknowledged: 0,
      announced: [],
    };
    this.#readers.set(link, reader);
    return reader;
  }

  /** Replaces all that a reader has; it goes on from there. */
  #reset(reader: Reader, why: "fresh" | "reset"): void {
    this.#send(reader, this.#frame({ t: "snapshot", why, snapshot: this.snapshot() }));
    reader.next = this.#log.base;
    reader.announced.push({ d: reader.next, sent: reader.sent });
  }

  /** Sends pages until the reader has as much under way as it may, or is live. */
  #catchUp(reader: Reader): void {
    const { head, floor, tail } = this.#log.log;
    // Retention may pass a reader, also one that is catching up.
    if (reader.next !== undefined && reader.next < floor) this.#reset(reader, "reset");
    const isDialect = reader.link.attachment.kind === "dialect";
    let last: WireEvent | undefined;
    while (reader.next !== undefined) {
      if (!this.#readers.has(reader.link)) return;
      // A snapshot may fill the window by itself, so that live events would not fit.
      if (reader.sent - reader.acknowledged > CATCH_UP_BYTES) return;
      if (reader.next >= head) break;
      const page = this.#log.log.read(reader.next);
      this.#send(
        reader,
        this.#frame({ t: "events", p: page.position, d: page.next, e: page.events }),
      );
      reader.announced.push({ d: page.next, sent: reader.sent });
      reader.next = page.next;
      last = page.events.at(-1);
      if (isDialect) reader.link.attach({ cursor: page.next });
    }
    if (tail.length > 0 && !isDialect) {
      const events = mergeRuns(tail);
      this.#send(reader, this.#frame({ t: "events", p: head + 1, d: head, e: events }));
      last = events.at(-1);
    }
    reader.next = undefined;
    reader.isInRun = last !== undefined && this.#run !== undefined && continues(last, this.#run);
    const presence = isDialect ? undefined : this.#people();
    this.#send(reader, this.#frame({ t: "live", d: head, runner: this.#presence(), presence }));
    if (this.#log.isOver) this.dismiss(reader.link);
  }

  /** Frames for live readers: deltas that go on the open run as bare text, all else as `events`. */
  #liveFrames(news: News): readonly LiveFrame[] {
    const frames: LiveFrame[] = [];
    const { head } = this.#log.log;
    let group: SessionEvent[] = [];
    let position = news.from;
    const close = () => {
      if (group.length === 0) return;
      const text = this.#frame({ t: "events", p: position - group.length, d: head, e: group });
      frames.push({ isText: false, text, position: position - group.length, event: undefined });
      group = [];
    };
    for (const event of news.events) {
      if (this.#run !== undefined && continues(this.#run, event)) {
        close();
        frames.push({
          isText: true,
          text: JSON.stringify(deltaOf(event)?.text ?? ""),
          position,
          event,
        });
      } else group.push(event);
      this.#run = deltaOf(event) === undefined ? undefined : event;
      position += 1;
    }
    close();
    return frames;
  }

  #sendLive(reader: Reader, frame: LiveFrame): void {
    if (frame.isText && !reader.isInRun) {
      const { position, event } = frame;
      this.#send(
        reader,
        this.#frame({ t: "events", p: position, d: this.#log.log.head, e: [event] }),
      );
    } else this.#send(reader, frame.text);
    reader.isInRun = true;
  }

  /** What has become durable since the last publication, read once for all dialect readers that have what was before. */
  #durableFrame():
    | { readonly after: number; readonly text: string; readonly next: number }
    | undefined {
    if (![...this.#readers.keys()].some((link) => link.attachment.kind === "dialect"))
      return undefined;
    if (this.#told < this.#log.log.floor) return undefined;
    const { position, events, next } = this.#log.log.read(this.#told);
    return {
      after: this.#told,
      next,
      text: this.#frame({ t: "events", p: position, d: next, e: events }),
    };
  }

  #sendDurable(
    reader: Reader,
    frame: { readonly after: number; readonly text: string; readonly next: number } | undefined,
  ): void {
    const cursor = reader.link.attachment.cursor ?? 0;
    reader.next = cursor;
    if (cursor === frame?.after) {
      this.#send(reader, frame.text);
      reader.announced.push({ d: frame.next, sent: reader.sent });
      reader.link.attach({ cursor: frame.next });
      reader.next = frame.next === this.#log.log.head ? undefined : frame.next;
    }
    if (reader.next !== undefined) this.#catchUp(reader);
  }

  /** Expiry holds for what is sent, too. */
  #send(reader: Reader, text: string): void {
    if (this.#closeRefused(reader.link)) this.#readers.delete(reader.link);
    else if (reader.link.send(text)) reader.sent += text.length;
  }

  #closeSlow(reader: Reader): void {
    this.#readers.delete(reader.link);
    reader.link.close(
      CLOSE.slowReader,
      "This reader does not keep up; reconnect and resume from its cursor.",
    );
  }

  #frame(frame: Unstamped<ServerFrame>): string {
    return JSON.stringify({ ...frame, i: this.#incarnation });
  }
}

type LiveFrame =
  | {
      readonly isText: false;
      readonly text: string;
      readonly position: number;
      readonly event: undefined;
    }
  | {
      readonly isText: true;
      readonly text: string;
      readonly position: number;
      readonly event: SessionEvent;
    };
