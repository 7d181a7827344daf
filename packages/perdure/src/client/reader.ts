/**
 * What a reader does with the frames of the object: pure, without socket, timer or clock. It keeps two states: the durable
 * one, as of the cursor, and the shown one, which also has the tail. Only the durable one survives a new connection.
 */

import type {
  ClientFrame,
  Presence,
  Problem,
  Reply,
  Role,
  RunnerPresence,
  ServerFrame,
  SessionEvent,
  SessionState,
  Snapshot,
} from "../protocol/index.ts";
import {
  EMPTY_STATE,
  PROTOCOL_VERSION,
  continueRun,
  deltaOf,
  dropFromRun,
  isControl,
  parseServerFrame,
  problemOf,
  reduce,
  splitRun,
  widthOf,
} from "../protocol/index.ts";

/** What follows from a frame, beside the new state. */
export type ReaderEffect =
  /** An event became durable. Each does exactly once, in the order of positions. */
  | { readonly kind: "event"; readonly event: SessionEvent; readonly position: number }
  /** All that was held was replaced, because the cursor was below the floor or past the head. */
  | { readonly kind: "reset"; readonly snapshot: Snapshot }
  /** To be sent on the same connection: something was missed or can no longer be trusted. */
  | { readonly kind: "hello"; readonly frame: ClientFrame }
  | { readonly kind: "reply"; readonly id: string; readonly reply: Reply }
  | { readonly kind: "problem"; readonly problem: Problem; readonly id: string | undefined };

/** What the reader knows. Each value is immutable. */
export interface ReaderView {
  /** Whether it has everything up to now. */
  readonly isLive: boolean;
  /** As in `ClientState`, as are all that follow. */
  readonly subject: string | undefined;
  readonly role: Role | undefined;
  readonly session: SessionState | undefined;
  readonly hasEarlier: boolean;
  readonly cursor: number;
  readonly runner: RunnerPresence | null;
  readonly presence: Presence | undefined;
}

/** A reader of one session, over any number of connections. */
export class Reader {
  #incarnation = "";
  /** Whether the last hello was answered; what comes before the answer belongs to nothing. */
  #isSynced = false;
  #isLive = false;
  #subject: string | undefined;
  #role: Role | undefined;
  #runner: RunnerPresence | null = null;
  #presence: Presence | undefined;
  #hasEarlier = false;
  /** Last known durable head of the log; the pages of a catch-up are behind it. */
  #head = 0;
  #durable: SessionState | undefined;
  #shown: SessionState | undefined;
  /** The events between the durable state and the shown one. */
  #tail: SessionEvent[] = [];
  /** The delta that a bare string goes on from, and its position. */
  #run: { readonly delta: SessionEvent; readonly position: number } | undefined;
  /** Events of a tail that was dropped: they stay on the screen until their producer has sent them again, in order. */
  #kept: readonly SessionEvent[] = [];

  /** @param after `null` begins with a snapshot; a number with the events after that position. */
  constructor(after: number | null = null) {
    if (after === null) return;
    this.#durable = { ...EMPTY_STATE, position: after };
    this.#shown = this.#durable;
    this.#hasEarlier = after > 0;
  }

  /** The durable position up to which the reader has everything; 0 before it has anything. */
  get cursor(): number {
    return this.#durable?.position ?? 0;
  }

  get view(): ReaderView {
    return {
      isLive: this.#isLive,
      subject: this.#subject,
      role: this.#role,
      session: this.#role === undefined ? undefined : this.#visible(),
      hasEarlier: this.#hasEarlier,
      cursor: this.cursor,
      runner: this.#runner,
      presence: this.#presence,
    };
  }

  /** A connection was opened. @returns The first frame to send on it. */
  onConnect(): ClientFrame {
    this.#isSynced = false;
    this.#isLive = false;
    return { t: "hello", v: PROTOCOL_VERSION, after: this.#durable?.position ?? null };
  }

  /** A frame arrived. @returns What follows, in order. */
  onFrame(text: string): readonly ReaderEffect[] {
    let frame: ServerFrame | string | undefined;
    try {
      frame = parseServerFrame(text);
    } catch (error) {
      // It may have held events, and bare strings after it would be given wrong positions.
      const problem = { kind: "problem", problem: problemOf(error), id: undefined } as const;
      return [problem, ...this.#resynchronize()];
    }
    if (frame === undefined) return [];
    if (typeof frame === "string") return this.#isSynced ? this.#onDelta(frame) : [];
    if (frame.t === "welcome") return this.#onWelcome(frame);
    return [...this.#onAnyTime(frame), ...(this.#isSynced ? this.#inOrder(frame) : [])];
  }

  /** Frames that have no place in the order of the log. */
  #onAnyTime(frame: ServerFrame): readonly ReaderEffect[] {
    if (frame.t === "reply") return [{ kind: "reply", id: frame.id, reply: frame.reply }];
    if (frame.t === "error") return [{ kind: "problem", problem: frame.error, id: frame.id }];
    return [];
  }

  #inOrder(frame: Exclude<ServerFrame, { t: "welcome" }>): readonly ReaderEffect[] {
    if (frame.i !== this.#incarnation) {
      // The object lost its memory, and with it the tail: other events will be given those positions.
      this.#incarnation = frame.i;
      this.#dropTail();
      const goesOn = this.#isLive && frame.t === "events" && frame.p === this.cursor + 1;
      if (!goesOn) return this.#resynchronize();
    }
    switch (frame.t) {
      case "snapshot":
        return this.#onSnapshot(frame);
      case "events":
        return this.#onEvents(frame);
      case "head":
        return this.#isLive ? this.#reach(frame.d) : this.#settle(frame.d);
      case "live":
        this.#isLive = true;
        this.#runner = frame.runner;
        this.#presence = frame.presence;
        return this.#reach(frame.d);
      case "runner":
        this.#runner = frame.runner;
        return [];
      case "presence":
        this.#presence = frame.presence;
        return [];
      case "reply":
      case "error":
        return [];
    }
  }

  #onWelcome(frame: Extract<ServerFrame, { t: "welcome" }>): readonly ReaderEffect[] {
    this.#incarnation = frame.i;
    this.#isSynced = true;
    this.#isLive = false;
    this.#subject = frame.subject;
    this.#role = frame.role;
    this.#head = frame.d;
    this.#dropTail();
    return [];
  }

  #onSnapshot(frame: Extract<ServerFrame, { t: "snapshot" }>): readonly ReaderEffect[] {
    const { hasEarlier, ...summary } = frame.snapshot;
    this.#durable = { ...EMPTY_STATE, ...summary };
    this.#shown = this.#durable;
    this.#hasEarlier = hasEarlier;
    this.#tail = [];
    this.#run = undefined;
    this.#kept = [];
    return frame.why === "reset" ? [{ kind: "reset", snapshot: frame.snapshot }] : [];
  }

  #onEvents(frame: Extract<ServerFrame, { t: "events" }>): readonly ReaderEffect[] {
    let position = frame.p;
    for (const event of frame.e) {
      const held = this.#held() - position + 1;
      if (held < 0) return this.#resynchronize();
      const width = widthOf(event);
      if (held < width) for (const one of splitRun(dropFromRun(event, held))) this.#show(one);
      position += width;
    }
    const last = frame.e.at(-1);
    this.#run =
      last !== undefined && deltaOf(last) !== undefined
        ? { delta: continueRun(last, ""), position: position - 1 }
        : undefined;
    return this.#settle(frame.d);
  }

  /** The run goes on, at or behind what is shown: what it repeats is passed over like any duplicate. */
  #onDelta(text: string): readonly ReaderEffect[] {
    if (this.#run === undefined) return this.#resynchronize();
    const { delta, position: before } = this.#run;
    const position = before + 1;
    this.#run = { delta, position };
    if (position > this.#held()) this.#show(continueRun(delta, text));
    return this.#settle(this.#head);
  }

  /** The last position that is shown; before a snapshot none follows on. */
  #held(): number {
    return this.#shown?.position ?? Number.NEGATIVE_INFINITY;
  }

  #show(event: SessionEvent): void {
    if (this.#shown === undefined) return;
    this.#shown = next(this.#shown, event);
    this.#tail.push(event);
    if (JSON.stringify(event) === JSON.stringify(this.#kept[0])) this.#kept = this.#kept.slice(1);
    else if (endsProducer(event)) this.#kept = [];
  }

  /** The durable head is at `d`: the tail up to it becomes durable. Each event is reduced at most twice. */
  #settle(d: number): readonly ReaderEffect[] {
    this.#head = Math.max(this.#head, d);
    if (this.#durable === undefined || this.#shown === undefined) return [];
    const first = this.#durable.position + 1;
    const settled = this.#tail.splice(0, this.#head - first + 1);
    if (settled.length === 0) return [];
    this.#durable = this.#tail.length === 0 ? this.#shown : settled.reduce(next, this.#durable);
    return settled.map((event, index) => ({ kind: "event", event, position: first + index }));
  }

  /** A live reader has all that is durable. One that has not missed something, perhaps in mid-run: it cannot tell what. */
  #reach(d: number): readonly ReaderEffect[] {
    this.#head = Math.max(this.#head, d);
    return this.#head > this.#held() ? this.#resynchronize() : this.#settle(d);
  }

  #dropTail(): void {
    this.#kept = [...this.#tail, ...this.#kept];
    this.#shown = this.#durable;
    this.#tail = [];
    this.#run = undefined;
  }

  /** Asks for everything after the cursor again; once, until the answer comes. */
  #resynchronize(): readonly ReaderEffect[] {
    return this.#isSynced ? [{ kind: "hello", frame: this.onConnect() }] : [];
  }

  /** What a person has read does not vanish while its producer may still hold it. */
  #visible(): SessionState | undefined {
    return this.#shown && this.#kept.reduce(next, this.#shown);
  }
}

const next = (state: SessionState, event: SessionEvent): SessionState =>
  reduce(state, event, state.position + 1);

/** Whether nobody will send again what was shown before it: the producer says other things now, or is gone. */
const endsProducer = (event: SessionEvent): boolean =>
  !isControl(event) ||
  event.type === "runner.started" ||
  (event.type === "session.lifecycle" && event.state === "terminated");
