/** A connection, from the outside: events both ways, and whether they get through. */

import type {
  ConnectionHello,
  ConnectionServerFrame,
  Contract,
  Problem,
  ServerEventFrame,
} from "../protocol/index.ts";
import {
  checkEvent,
  DEAD_LINK_MS,
  errorOf,
  parseConnectionServerFrame,
  PerdureError,
  problemOf,
  PROTOCOL_VERSION,
} from "../protocol/index.ts";
import type {
  ConnectionClientOptions,
  ConnectionState,
  EmitArguments,
  EmitOptions,
  EventListener,
  ReceivedEvent,
  SentEvent,
} from "./connection-client-options.ts";
import { ConnectionInbox } from "./connection-inbox.ts";
import { ConnectionListeners } from "./connection-listeners.ts";
import { ConnectionQueue } from "./connection-queue.ts";
import { ConnectionRoom, roomsAfter } from "./connection-room.ts";
import { connectionSocketUrl } from "./connection-url.ts";
import { Link } from "./link.ts";
import { Listeners } from "./listeners.ts";
import { uuidv7 } from "./uuid.ts";

/** Events that may wait where `queueLimit` does not say. */
const DEFAULT_QUEUE_LIMIT = 1_000;

/**
 * A client of one connection. It does not connect by itself: call `connect`, and `close` when done.
 *
 * What it emits is kept in memory until the object has answered, sent again after every reconnect, in order, and handled once. It
 * does not outlive the page.
 */
export class ConnectionClient<C extends Contract | undefined = undefined> {
  readonly #contract: Contract | undefined;
  readonly #clientId: string;
  readonly #link: Link;
  readonly #inbox: ConnectionInbox;
  readonly #queue: ConnectionQueue;
  readonly #listeners = new ConnectionListeners();
  readonly #changes = new Listeners<readonly []>();
  readonly #misses = new Listeners<readonly []>();
  readonly #errors = new Listeners<readonly [problem: Problem, event: string | undefined]>();
  /** An error frame that nothing has followed: where a close does, it is the reason. */
  #refusal: Problem | undefined;
  #welcomeTimer: ReturnType<typeof setTimeout> | undefined;
  #state: ConnectionState = { link: "idle", problem: undefined, missed: 0, queue: [], rooms: {} };

  /** @throws PerdureError `bad_request` without a usable URL or WebSocket. */
  constructor(options: ConnectionClientOptions<C> = {}) {
    const WebSocket = options.WebSocket ?? globalThis.WebSocket;
    if (WebSocket === undefined)
      throw new PerdureError("bad_request", "Pass a `WebSocket`: none is global here.");
    const url = connectionSocketUrl(options.url, options.path);
    const now = options.clock ?? Date.now;
    this.#contract = options.contract;
    this.#clientId = options.clientId ?? uuidv7(now());
    this.#inbox = new ConnectionInbox((frame) => this.#handOut(frame));
    this.#link = new Link({
      url,
      description: url,
      token: options.token,
      WebSocket,
      now,
      random: options.random ?? Math.random,
      onOpen: () => this.#onOpen(),
      onText: (text) => this.#onFrame(parseConnectionServerFrame(text)),
      onBytes: (bytes) => this.#onFrame(parseConnectionServerFrame(bytes)),
      onDrop: () => this.#onDown("offline"),
      // A connection never is.
      isOver: () => true,
      onFinal: (problem) => this.#onFinal(this.#refusal ?? problem),
    });
    this.#queue = new ConnectionQueue({
      limit: options.queueLimit ?? DEFAULT_QUEUE_LIMIT,
      now,
      send: (frame) => this.#link.send(frame),
      onChange: () => this.#change({ queue: this.#queue.events }),
    });
  }

  /** The state; the same object until something changes. May be passed on unbound. */
  readonly getState = (): ConnectionState => this.#state;

  /** Calls back after every change of the state. May be passed on unbound. @returns A function that ends this. */
  readonly subscribe = (listener: () => void): (() => void) => this.#changes.add(listener);

  /** Connects, unless that was already asked for. After `close`, or a link closed for good, it begins anew. */
  connect(): void {
    if (this.#state.link === "idle" || this.#state.link === "closed") this.#open();
  }

  /** Closes the link. Events without an answer are kept, and go on after `connect`. */
  close(): void {
    this.#link.close();
    this.#onDown("closed");
  }

  /**
   * Listens to an event. With a contract, data that does not fit it is handed to nobody: see `onError`.
   *
   * @returns A function that ends this, as `off` does.
   */
  on<Event extends ReceivedEvent<C>>(event: Event, listener: EventListener<C, Event>): () => void {
    return this.#listeners.add(event, listener, false);
  }

  /** Listens to the next event of this name alone. @returns A function that ends this, as `off` does. */
  once<Event extends ReceivedEvent<C>>(
    event: Event,
    listener: EventListener<C, Event>,
  ): () => void {
    return this.#listeners.add(event, listener, true);
  }

  /** Ends what `on` and `once` began: for one listener of an event or, where none is given, for all. */
  off<Event extends ReceivedEvent<C>>(event: Event, listener?: EventListener<C, Event>): void {
    this.#listeners.remove(event, listener);
  }

  /**
   * Calls back where events were lost for good: the client was away for too long, or the object has lost its memory. Ask for what
   * is now, as a page does that has just been opened; what comes from here on is complete again. `state.missed` counts the same.
   *
   * @returns A function that ends this.
   */
  onMissed(listener: () => void): () => void {
    return this.#misses.add(listener);
  }

  /**
   * Calls back for all that is refused, whether anybody waits for it or not: an event that was emitted, an event that came and does
   * not fit the contract (then `event` names it), or a frame.
   *
   * @returns A function that ends this.
   */
  onError(listener: (problem: Problem, event: string | undefined) => void): () => void {
    return this.#errors.add(listener);
  }

  /** A room: its members, and its events alone. */
  room(name: string): ConnectionRoom<C> {
    return new ConnectionRoom(this, name);
  }

  /**
   * Sends an event, now or as soon as there is a connection. Data is what JSON has, or bytes by themselves; it is copied.
   *
   * @returns True when the object has handled it, and what it changed is durable, however many connections that takes. A `volatile` event:
   *   whether it was sent. The promise may be left alone: where it rejects, nothing is reported as unhandled, and `onError` hears of it.
   *   It rejects with a `PerdureError`: the handler's; `bad_request` for data that does not fit the contract or would arrive as
   *   something else; `too_large` past `MAX_CLIENT_FRAME_BYTES`; `rate_limited` where `queueLimit` events wait; and why the server
   *   closed the link for good, where it does so before an answer: then it is not known whether the event was handled.
   */
  emit<Event extends SentEvent<C>>(
    event: Event,
    ...[data, options]: EmitArguments<C, Event>
  ): Promise<boolean> {
    const sent = this.#emit(event, data, options ?? {});
    sent.catch((error: unknown) => this.#errors.emit(problemOf(error), event));
    return sent;
  }

  async #emit(event: string, data: unknown, { volatile = false }: EmitOptions): Promise<boolean> {
    if (this.#state.problem !== undefined) throw errorOf(this.#state.problem);
    if (this.#contract !== undefined) checkEvent(this.#contract.clientEvents, event, data);
    return volatile ? this.#queue.sendVolatile(event, data) : this.#queue.add(event, data);
  }

  #open(): void {
    this.#refusal = undefined;
    this.#change({ problem: undefined });
    this.#link.open();
    this.#onDown("connecting");
  }

  #onOpen(): void {
    const hello: ConnectionHello = {
      t: "hello",
      v: PROTOCOL_VERSION,
      client: this.#clientId,
      resume: this.#inbox.onOpen(),
    };
    this.#link.send(JSON.stringify(hello));
    // Pings are answered by the platform: an object that does not answer must be noticed by itself.
    this.#welcomeTimer = setTimeout(() => this.#open(), DEAD_LINK_MS);
    this.#change({ link: "catching-up" });
  }

  #onFrame(frame: ConnectionServerFrame | undefined): void {
    this.#refusal = undefined;
    switch (frame?.t) {
      case "welcome":
        clearTimeout(this.#welcomeTimer);
        this.#link.onAccepted();
        if (!frame.recovered) this.#onMissed();
        this.#inbox.onWelcome(frame);
        this.#queue.onWelcome(frame.last);
        return this.#onProgress();
      case "event":
        this.#inbox.onEvent(frame);
        return this.#onProgress();
      case "ack":
        return this.#queue.settle(frame.n, frame.error);
      case "error":
        this.#refusal = frame.error;
        return this.#errors.emit(frame.error, undefined);
      case undefined:
        return undefined;
    }
  }

  #onProgress(): void {
    if (this.#inbox.isLive) this.#change({ link: "live" });
  }

  #onMissed(): void {
    this.#change({ missed: this.#state.missed + 1 });
    this.#misses.emit();
  }

  #handOut(frame: ServerEventFrame): void {
    const { event, room, data } = frame;
    this.#change({ rooms: roomsAfter(this.#state.rooms, frame) });
    const schemas = event.startsWith(RESERVED) ? undefined : this.#contract?.serverEvents;
    try {
      const taken = schemas === undefined ? data : checkEvent(schemas, event, data);
      this.#listeners.emit(taken, { event, room });
    } catch (error) {
      this.#errors.emit(problemOf(error), event);
    }
  }

  #onDown(link: "connecting" | "offline" | "closed"): void {
    clearTimeout(this.#welcomeTimer);
    this.#queue.onDrop();
    this.#change({ link });
  }

  #onFinal(problem: Problem): void {
    this.#onDown("closed");
    this.#change({ problem });
    this.#queue.abandon(problem);
  }

  #change(change: Partial<ConnectionState>): void {
    const next = { ...this.#state, ...change };
    const keys = Object.keys(next) as (keyof ConnectionState)[];
    if (keys.every((key) => Object.is(this.#state[key], next[key]))) return;
    this.#state = next;
    this.#changes.emit();
  }
}

/** What the names of the library's own events begin with. */
const RESERVED = "perdure:";
