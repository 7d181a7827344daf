/** A session, from the outside: its state, its events, and what one may ask of it. */

import type {
  ClientFrame,
  Command,
  CommandResult,
  JsonObject,
  Part,
  Problem,
} from "../protocol/index.ts";
import { DEAD_LINK_MS, PerdureError, errorOf, problemOf } from "../protocol/index.ts";
import { Acknowledger } from "./acknowledger.ts";
import type { ClientState, LinkState } from "./client-state.ts";
import { changed } from "./client-state.ts";
import { Link } from "./link.ts";
import { Listeners } from "./listeners.ts";
import { Outbox } from "./outbox.ts";
import { defaultOutboxStore } from "./outbox-store.ts";
import type { ReaderEffect } from "./reader.ts";
import { Reader } from "./reader.ts";
import type { SessionClientEvents, SessionClientOptions } from "./session-client-options.ts";
import { sessionSocketUrl } from "./session-url.ts";

/**
 * A client of one session. It does not connect by itself: call `connect`, and `close` when done.
 *
 * A command's promise settles when the session answers, however many connections that takes. It rejects with a
 * `PerdureError` when the session refuses, and when the server closes the link for good; the command is then given up.
 */
export class SessionClient {
  readonly #listeners: {
    readonly [K in keyof SessionClientEvents]: Listeners<SessionClientEvents[K]>;
  };
  readonly #changes = new Listeners<readonly []>();
  readonly #reader: Reader;
  readonly #outbox: Outbox<Command, CommandResult>;
  readonly #acknowledger: Acknowledger;
  readonly #link: Link;
  readonly #create: SessionClientOptions["create"];
  /** Set once the session was found missing, until the next `reconnect`: whether somebody still waits for its creation. */
  #creation: { isAwaited: boolean } | undefined;
  /** Whether frames may arrive; the reader tells then how far it is. */
  #isOpen = false;
  #closedState: Exclude<LinkState, "catching-up" | "live"> = "idle";
  #problem: Problem | undefined;
  /** An error frame that nothing has followed: where a close does, it is the reason. */
  #refusal: Problem | undefined;
  #catchUpTimer: ReturnType<typeof setTimeout> | undefined;
  #state: ClientState;

  /** @throws PerdureError `bad_request` without a usable URL or WebSocket. */
  constructor(options: SessionClientOptions) {
    const url = sessionSocketUrl(options.url, options.session);
    const WebSocket = options.WebSocket ?? globalThis.WebSocket;
    if (WebSocket === undefined)
      throw new PerdureError("bad_request", "Pass a `WebSocket`: none is global here.");
    const now = options.clock ?? Date.now;
    this.#create = options.create;
    this.#listeners = { event: new Listeners(), reset: new Listeners(), error: new Listeners() };
    this.#reader = new Reader(options.after ?? null);
    this.#acknowledger = new Acknowledger((cursor) => this.#send({ t: "ack", d: cursor }));
    this.#link = new Link({
      url,
      token: options.token,
      WebSocket,
      now,
      random: options.random ?? Math.random,
      onOpen: () => this.#onOpen(),
      onText: (text) => this.#onText(text),
      onDrop: () => this.#onDown("offline"),
      isOver: () => this.#reader.view.session?.lifecycle === "terminated",
      onFinal: (problem) => this.#onFinal(this.#refusal ?? problem),
    });
    this.#outbox = new Outbox({
      store: options.outbox ?? defaultOutboxStore(url),
      now,
      frameOf: (id, command) => JSON.stringify({ t: "command", id, command }),
      send: (text) => this.#link.send(text),
      onChange: () => this.#publish(),
    });
    this.#state = this.#compose();
  }

  /** The state; the same object until something changes. May be passed on unbound. */
  readonly getState = (): ClientState => this.#state;

  /** Calls back after every change of the state. May be passed on unbound. @returns A function that ends this. */
  readonly subscribe = (listener: () => void): (() => void) => this.#changes.add(listener);

  /** Calls back for each event of a kind. @returns A function that ends this. */
  on<K extends keyof SessionClientEvents>(
    kind: K,
    listener: (...values: SessionClientEvents[K]) => void,
  ): () => void {
    return this.#listeners[kind].add(listener);
  }

  /** Connects, unless that was already asked for. After `close`, or a link closed for good, it begins anew. */
  connect(): void {
    if (this.#state.link === "idle" || this.#state.link === "closed") this.reconnect();
  }

  /** Connects at once, in place of any connection or backoff there is. A session that is being created is waited for. */
  reconnect(): void {
    if (this.#creation?.isAwaited === true) return;
    this.#creation = undefined;
    this.#open();
  }

  #open(): void {
    this.#problem = undefined;
    this.#refusal = undefined;
    this.#link.open();
    this.#onDown("connecting");
  }

  /** Closes the link. Commands without an answer are kept, and go on after `connect`. */
  close(): void {
    this.#creation = undefined;
    this.#link.close();
    this.#onDown("closed");
  }

  /**
   * Sends a prompt. Text becomes one text part.
   *
   * @param options.id An id of one's own makes the prompt safe to repeat after a rejection: it has one effect. Default: a UUIDv7.
   * @returns The turn it began and the position of its `turn.queued`.
   * @throws PerdureError `too_many_turns`, `session_terminated`, `forbidden`; `rate_limited` where `MAX_PENDING_COMMANDS` wait,
   * `too_large` past `MAX_CLIENT_FRAME_BYTES`.
   */
  async send(
    prompt: string | readonly Part[],
    options: { readonly id?: string; readonly metadata?: JsonObject } = {},
  ): Promise<{ readonly turn: string; readonly position: number }> {
    const parts = typeof prompt === "string" ? [{ type: "text", text: prompt } as const] : prompt;
    const { id, metadata } = options;
    const result = await this.execute({ op: "prompt", parts, metadata }, id);
    return result as Extract<CommandResult, { readonly turn: string }>;
  }

  /** Cancels a turn; without an id the oldest open one. `turn_not_found` where it has ended, or there is none. */
  cancel(turn?: string): Promise<CommandResult> {
    return this.execute({ op: "cancel", turn });
  }

  /** Decides an approval by choosing one of its options. `already_decided` if another was first. */
  approve(approval: string, option: string, reason?: string): Promise<CommandResult> {
    return this.execute({ op: "decide", approval, option, reason });
  }

  /** Merges into the session's metadata, shallowly; null deletes a key. */
  setMeta(patch: JsonObject): Promise<CommandResult> {
    return this.execute({ op: "set-meta", patch });
  }

  /** Pauses the session: prompts wait until `resume`. */
  pause(): Promise<CommandResult> {
    return this.execute({ op: "pause" });
  }

  /** Resumes a paused session. */
  resume(): Promise<CommandResult> {
    return this.execute({ op: "resume" });
  }

  /** Ends the session for good. */
  terminate(): Promise<CommandResult> {
    return this.execute({ op: "terminate" });
  }

  /**
   * Sends any command of the protocol, such as `{ op: "create-task", task }`.
   *
   * @param id An id of one's own makes it safe to repeat after a rejection: it has one effect.
   */
  async execute(command: Command, id?: string): Promise<CommandResult> {
    if (this.#problem !== undefined) throw errorOf(this.#problem);
    return this.#outbox.execute(command, id);
  }

  #send(frame: ClientFrame): void {
    this.#link.send(JSON.stringify(frame));
  }

  #onOpen(): void {
    this.#isOpen = true;
    this.#sayHello(this.#reader.onConnect());
    this.#outbox.onOpen();
    this.#publish();
  }

  #sayHello(frame: ClientFrame): void {
    this.#acknowledger.onHello(this.#reader.cursor);
    this.#send(frame);
    this.#watchCatchUp();
  }

  /** Pings are answered by the platform, so a catch-up that has come to a halt must be noticed by itself. */
  #watchCatchUp(): void {
    clearTimeout(this.#catchUpTimer);
    if (this.#isOpen && !this.#reader.view.isLive)
      this.#catchUpTimer = setTimeout(() => this.#open(), DEAD_LINK_MS);
  }

  #onText(text: string): void {
    const before = this.#reader.cursor;
    const effects = this.#reader.onFrame(text);
    const { cursor, view } = this.#reader;
    this.#acknowledger.onFrame(text, cursor);
    this.#refusal = undefined;
    if (view.isLive) this.#link.onAccepted();
    // Other frames may go on arriving while the answer to a hello was lost.
    if (view.isLive || cursor !== before) this.#watchCatchUp();
    this.#publish();
    for (const effect of effects) this.#perform(effect);
  }

  #perform(effect: ReaderEffect): void {
    switch (effect.kind) {
      case "event":
        return this.#listeners.event.emit(effect.event, effect.position);
      case "reset":
        return this.#listeners.reset.emit(effect.snapshot);
      case "hello":
        return this.#sayHello(effect.frame);
      case "reply":
        return this.#outbox.settle(effect.id, effect.reply);
      case "problem":
        if (effect.id !== undefined)
          return this.#outbox.settle(effect.id, { ok: false, error: effect.problem });
        this.#refusal = effect.problem;
        return this.#listeners.error.emit(effect.problem);
    }
  }

  #onDown(state: "connecting" | "offline" | "closed"): void {
    this.#isOpen = false;
    this.#closedState = state;
    clearTimeout(this.#catchUpTimer);
    this.#acknowledger.stop();
    this.#outbox.onDrop();
    this.#publish();
  }

  #onFinal(problem: Problem): void {
    // One that was here and is gone was erased: that is not to be undone.
    const isMissing = problem.code === "session_not_found" && this.#state.role === undefined;
    if (isMissing && this.#create !== undefined && this.#creation === undefined)
      return void this.#awaitCreation(this.#create);
    this.#problem = problem;
    this.#onDown("closed");
    this.#outbox.abandon(problem);
  }

  async #awaitCreation(create: () => Promise<void>): Promise<void> {
    const creation = { isAwaited: true };
    this.#creation = creation;
    this.#onDown("connecting");
    const failure = await create().then(() => undefined, problemOf);
    creation.isAwaited = false;
    // Closed meanwhile.
    if (this.#creation !== creation) return;
    if (failure === undefined) this.#open();
    else this.#onFinal(failure);
  }

  #compose(): ClientState {
    const { isLive, ...view } = this.#reader.view;
    const openState = isLive ? "live" : "catching-up";
    return {
      link: this.#isOpen ? openState : this.#closedState,
      problem: this.#problem,
      ...view,
      outbox: this.#outbox.entries,
    };
  }

  #publish(): void {
    const next = changed(this.#state, this.#compose());
    if (next === this.#state) return;
    this.#state = next;
    this.#changes.emit();
  }
}
