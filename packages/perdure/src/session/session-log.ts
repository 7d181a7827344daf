/**
 * The session's log with everything computed from it: the state in memory, and the projections in tables. Whoever changes
 * the session appends events here; nothing else changes it.
 */

import { EventLog, sessionEvents } from "../log/index.ts";
import type { Clock, Sql } from "../object/index.ts";
import type {
  JsonObject,
  PlacedMessage,
  SessionEvent,
  SessionState,
  Turn,
  WireEvent,
} from "../protocol/index.ts";
import { EMPTY_STATE, isSettled, reduce, splitRun } from "../protocol/index.ts";
import type { Carry, Closed } from "./carry.ts";
import type { CopyBase } from "./copy-lines.ts";
import type { Lifetime } from "./lifetime.ts";
import { lineOf } from "./listing.ts";
import { Projection } from "./projection.ts";
import { upgradeEvent } from "./earlier-events.ts";
import { TaskTable } from "./task-table.ts";

/** Events that were appended since the readers were last told, and how far the log is durable. */
export interface News {
  /** Position of the first event. */
  readonly from: number;
  readonly events: readonly SessionEvent[];
  /** Whether the durable head has moved. */
  readonly hasFlushed: boolean;
}

/** The log of one session. */
export class SessionLog {
  readonly log: EventLog;
  readonly projection: Projection;
  readonly tasks: TaskTable;
  readonly #sql: Sql;
  #state: SessionState = EMPTY_STATE;
  #id: string | null = null;
  #lifetime: Lifetime | undefined;
  #spool: string | null = null;
  #r = 0;
  #durableR = 0;
  #openFrom = 1;
  /** The turns that waited there. */
  #waiting: readonly Turn[] = [];
  #closed: Closed = { time: 0, lastOutcome: undefined };
  /** Whether the table does not hold the plan yet. */
  #isPlanDue = false;
  #unprojected: PlacedMessage[] = [];
  /** Metadata that the table does not hold yet, by key. */
  #metaPatch: JsonObject = {};
  #news: SessionEvent[] = [];
  #newsFrom = 1;
  #hasFlushed = false;
  /** The session's line in lists as of the head, and the position at which it changed last. */
  #line = "";
  #lineVersion = 0;
  readonly #onLine: () => void;

  /**
   * Reads the last row, and the events since something was last open.
   *
   * @param onLine Called in the transaction of a flush that changes the session's line in lists.
   */
  constructor(sql: Sql, clock: Clock, onLine: () => void = () => {}, isSearchable = false) {
    this.#sql = sql;
    this.log = new EventLog(sql, clock, sessionEvents(upgradeEvent));
    this.#onLine = onLine;
    this.projection = new Projection(sql, this.log.content, isSearchable);
    this.tasks = new TaskTable(sql);
    this.#newsFrom = this.log.last + 1;
    const carry = this.log.carry as Carry | undefined;
    if (carry === undefined) return;
    this.#id = carry.id;
    this.#lifetime = carry.lifetime;
    this.#spool = carry.spool;
    this.#r = carry.r;
    this.#durableR = carry.r;
    this.#openFrom = carry.open;
    this.#waiting = (carry.waiting ?? []).flatMap((position) => this.#turnQueuedAt(position));
    const { time, lastOutcome } = carry.facts;
    this.#closed = carry.closed ?? { time, lastOutcome };
    this.#state = { ...this.#fold(), ...carry.facts, position: this.log.head };
    this.#line = lineOf(this);
    this.#lineVersion = carry.line ?? this.log.head;
  }

  /** The state as of `last`. Its `messages` are empty: finished ones are in the projection. */
  get state(): SessionState {
    return this.#state;
  }

  /** Whether the session was created. */
  get exists(): boolean {
    return this.#state.lifecycle !== "initializing";
  }

  /** Whether it was terminated: nothing will be written any more. */
  get isOver(): boolean {
    return this.#state.lifecycle === "terminated";
  }

  /** The id that the session was created with. */
  get id(): string | null {
    return this.#id;
  }

  /** The spool that wrote last, the number of its last event, and of its last durable one. */
  get producer(): { readonly spool: string | null; readonly r: number; readonly durableR: number } {
    return { spool: this.#spool, r: this.#r, durableR: this.#durableR };
  }

  /**
   * The position up to which tables sum up all events: a snapshot stands here, and what comes after it is replayed.
   */
  get base(): number {
    return this.#openFrom - 1;
  }

  /** What the state was at `base`. */
  get closed(): Closed {
    return this.#closed;
  }

  /** The position up to which no event or message belongs to anything that is open. */
  get closedUpTo(): number {
    const [first] = this.#waiting;
    return first === undefined ? this.base : first.command - 1;
  }

  /** The turns that waited at `base`; nothing else was open there. */
  get waiting(): readonly Turn[] {
    return this.#waiting;
  }

  /** Position of the event that last changed the session's line in lists, once it is durable; 0 before the first. */
  get lineVersion(): number {
    return this.#lineVersion;
  }

  /** What its creator said about how long it may last. */
  get lifetime(): Lifetime | undefined {
    return this.#lifetime;
  }

  /** Names the session: kept from the next flush on. */
  setId(id: string, lifetime?: Lifetime): void {
    this.#id = id;
    this.#lifetime = lifetime;
  }

  /**
   * Has a log without rows go on after a position, from a state that its events do not tell of. What is open at that position
   * is not in it.
   */
  startFrom(id: string, position: number, base: CopyBase | null): void {
    this.#id = id;
    if (base === null) return;
    const { meta, tasks, lifecycle, lastOutcome } = base;
    this.log.startAfter(position);
    this.projection.patchMeta(meta);
    this.tasks.setPlan(tasks.filter(({ source }) => source === "plan"));
    for (const task of tasks) if (task.source === "app") this.tasks.put(task);
    this.#state = { ...EMPTY_STATE, position, meta, tasks, lifecycle, lastOutcome };
    this.#openFrom = position + 1;
    this.#closed = { time: 0, lastOutcome };
    this.#newsFrom = position + 1;
  }

  /**
   * Retention: forgets events up to `position`, but none of what is open, and no part of a turn: at the new floor, which it
   * answers, nothing was open.
   */
  trim(position: number): number {
    return this.log.trim(Math.min(position, this.closedUpTo), mayBeFloor);
  }

  /** Whether `trim` would forget anything at all. */
  get isTrimmable(): boolean {
    return this.log.floorFor(this.closedUpTo, mayBeFloor) > this.log.floor;
  }

  /** Another spool writes from now on; its last event was `r`. */
  setProducer(spool: string, r: number): void {
    this.#spool = spool;
    this.#r = r;
    this.#durableR = r;
  }

  /** Appends an event to the tail; answers its position. `r` is its number, where a runner sent it. */
  append(event: SessionEvent, r?: number): number {
    const position = this.log.append(event);
    const next = reduce(this.#state, event, position);
    if (next.messages.length > 0) this.#unprojected.push(...next.messages);
    this.#state = next.messages.length > 0 ? { ...next, messages: [] } : next;
    if (r !== undefined) this.#r = r;
    if (event.type === "tasks.changed") this.#isPlanDue = true;
    if (event.type === "task.changed") this.tasks.put(event.task);
    if (event.type === "session.meta") this.#metaPatch = { ...this.#metaPatch, ...event.patch };
    if (event.type === "session.created" && event.title !== undefined)
      this.#metaPatch = { ...this.#metaPatch, title: event.title };
    this.#news.push(event);
    return position;
  }

  /** Makes everything durable. Call it in a transaction. */
  flush(): void {
    const isClosed = isSettled(this.#state);
    const open = isClosed ? this.log.last + 1 : this.#openFrom;
    const waiting = isClosed ? this.#state.turns : this.#waiting;
    const { lifecycle, paused, createdBy, createdAt, time, runner, lastOutcome } = this.#state;
    const closed = isClosed ? { time, lastOutcome } : this.#closed;
    const line = lineOf(this);
    const lineVersion = line === this.#line ? this.#lineVersion : this.log.last;
    const carry: Carry = {
      id: this.#id,
      spool: this.#spool,
      r: this.#r,
      open,
      waiting: waiting.length > 0 ? waiting.map(({ command }) => command) : undefined,
      closed,
      line: lineVersion,
      facts: { lifecycle, paused, createdBy, createdAt, time, runner, lastOutcome },
      lifetime: this.#lifetime,
    };
    if (!this.log.flush(carry)) return;
    for (const message of this.#unprojected) this.projection.addMessage(message);
    this.#unprojected = [];
    this.projection.patchMeta(this.#metaPatch);
    this.#metaPatch = {};
    if (this.#isPlanDue)
      this.tasks.setPlan(this.#state.tasks.filter(({ source }) => source === "plan"));
    this.#isPlanDue = false;
    this.#openFrom = open;
    this.#waiting = waiting;
    this.#closed = closed;
    this.#durableR = this.#r;
    this.#hasFlushed = true;
    if (lineVersion !== this.#lineVersion) this.#onLine();
    this.#line = line;
    this.#lineVersion = lineVersion;
  }

  /** What readers have not been told yet; asking takes it. */
  takeNews(): News {
    const news = { from: this.#newsFrom, events: this.#news, hasFlushed: this.#hasFlushed };
    this.#news = [];
    this.#newsFrom = this.log.last + 1;
    this.#hasFlushed = false;
    return news;
  }

  /** What memory holds now, as a function that brings it back. */
  mark(): () => void {
    const revertLog = this.log.mark();
    const revertSearch = this.projection.messageSearch.mark();
    const [
      state,
      id,
      lifetime,
      spool,
      r,
      durableR,
      openFrom,
      waiting,
      closed,
      isPlanDue,
      metaPatch,
    ] = [
      this.#state,
      this.#id,
      this.#lifetime,
      this.#spool,
      this.#r,
      this.#durableR,
      this.#openFrom,
      this.#waiting,
      this.#closed,
      this.#isPlanDue,
      this.#metaPatch,
    ];
    const [unprojected, unprojectedCount] = [this.#unprojected, this.#unprojected.length];
    const [newsCount, hasFlushed] = [this.#news.length, this.#hasFlushed];
    const [line, lineVersion] = [this.#line, this.#lineVersion];
    return () => {
      revertLog();
      revertSearch();
      this.#state = state;
      this.#id = id;
      this.#lifetime = lifetime;
      this.#spool = spool;
      this.#r = r;
      this.#durableR = durableR;
      this.#openFrom = openFrom;
      this.#waiting = waiting;
      this.#closed = closed;
      this.#isPlanDue = isPlanDue;
      this.#metaPatch = metaPatch;
      this.#unprojected = unprojected;
      this.#unprojected.length = unprojectedCount;
      this.#news.length = newsCount;
      this.#hasFlushed = hasFlushed;
      this.#line = line;
      this.#lineVersion = lineVersion;
    };
  }

  /** Rows that the session has read and written since its memory began. */
  get counts() {
    return this.#sql.counts;
  }

  /** The turn whose `turn.queued` has this position, as it was when it was queued: one that waits has not changed since. */
  #turnQueuedAt(position: number): readonly Turn[] {
    const [event] = this.log.read(position - 1, 1).events;
    if (event === undefined) return [];
    return splitRun(event).flatMap((one) => reduce(EMPTY_STATE, one, position).turns);
  }

  #fold(): SessionState {
    let state: SessionState = { ...EMPTY_STATE, turns: this.#waiting };
    for (let after = this.base; after < this.log.head;) {
      const page = this.log.read(after);
      let position = page.position;
      for (const event of page.events.flatMap((wire: WireEvent) => splitRun(wire))) {
        state = reduce(state, event, position);
        position += 1;
      }
      after = page.next;
    }
    return { ...state, messages: [], meta: this.projection.meta(), tasks: this.tasks.live() };
  }
}

/** Whether nothing was open where this row ends, and no turn waited: what is kept of a turn is kept whole. */
function mayBeFloor({ to, carry }: { readonly to: number; readonly carry: unknown }): boolean {
  const { open, waiting } = carry as Carry;
  return open === to + 1 && waiting === undefined;
}
