/** One session on one page: a client, what components see of it, and for how long it is kept. */

import type { ClientState, TokenSource } from "../client/index.ts";
import { SessionClient } from "../client/index.ts";
import type { PlacedMessage } from "../protocol/index.ts";
import { PerdureError, errorOf, problemOf } from "../protocol/index.ts";
import { Holders, lingerOf } from "./holders.ts";
import { remember } from "./remember.ts";
import { createSession, messagesBefore } from "./requests.ts";
import type { Session, SessionActions, SessionOptions } from "./session.ts";
import { actionsOf } from "./session-actions.ts";
import { viewer } from "./session-view.ts";
import { shallow } from "./shallow.ts";

/** How long a component that waits for a session holds it without showing that it is still there. */
const WAIT_MS = 10_000;

/** Pages of older messages, and the position of the live message before which they end. */
interface Earlier {
  readonly messages: readonly PlacedMessage[];
  readonly hasEarlier: boolean;
  readonly until: number | undefined;
}

export class SessionStore {
  readonly #options: SessionOptions;
  readonly #client: SessionClient;
  readonly #actions: SessionActions;
  readonly #view: ReturnType<typeof viewer>;
  readonly #errorOf = remember(errorOf);
  readonly #holders: Holders;
  readonly #listeners = new Set<() => void>();
  readonly #ended = new AbortController();
  #session: Session;
  #token: Exclude<TokenSource, string> | undefined;
  /** Why the last command was refused. */
  #refusal: PerdureError | undefined;
  #earlier: Earlier | undefined;
  #isReady = false;
  #ready: Promise<void> | undefined;

  /**
   * Connects when it is first held.
   *
   * @param onUnused Nobody has held it for a while: it is closed, and must not be used again.
   * @throws PerdureError `bad_request` without a usable URL or WebSocket.
   */
  constructor(options: SessionOptions, onUnused: () => void) {
    const { name, url, token } = options;
    this.#token = typeof token === "function" ? token : undefined;
    // Components give another function with every render: the last one is asked.
    const asked = typeof token === "function" ? async () => this.#token?.() ?? "" : token;
    this.#options = { ...options, token: asked };
    this.#client = new SessionClient({
      session: name,
      ...(url === undefined ? {} : { url }),
      ...(asked === undefined ? {} : { token: asked }),
      ...(options.create === false
        ? {}
        : { create: () => createSession(this.#options, this.#ended.signal) }),
    });
    this.#actions = actionsOf(() => this);
    this.#view = viewer(name);
    this.#session = this.#compose();
    this.#client.subscribe(() => this.#onChange());
    this.#holders = new Holders({
      onHeld: () => this.state.link === "idle" && this.#client.connect(),
      linger: () => lingerOf(this.#session.link),
      onUnused: () => {
        this.#ended.abort();
        this.#client.close();
        onUnused();
      },
    });
  }

  /** The same object until something that a component may draw has changed. */
  get session(): Session {
    return this.#session;
  }

  /** All that the client knows. */
  get state(): ClientState {
    return this.#client.getState();
  }

  /** Whether there is something to show; from then on that stays so. */
  get isReady(): boolean {
    return this.#isReady;
  }

  /** Calls back after each change, of the session or of the client's state. @returns A function that ends this. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** The function to ask for tokens from now on, where it is one that is asked. */
  renewToken(token: Exclude<TokenSource, string>): void {
    this.#token = token;
  }

  /** Keeps the session connected. @returns A function that ends this. */
  hold(): () => void {
    return this.#holders.hold();
  }

  /**
   * Settles when there is something to show or to tell, and then and again: whoever still waits asks once more, which keeps
   * the session for another while. The same promise until it settles.
   */
  whenReady(): Promise<void> {
    this.#ready ??= new Promise((resolve) => {
      const release = this.hold();
      const settle = () => {
        clearTimeout(timer);
        unsubscribe();
        this.#ready = undefined;
        release();
        resolve();
      };
      const timer = setTimeout(settle, WAIT_MS);
      const unsubscribe = this.subscribe(() => {
        if (this.#isReady || this.#session.link === "closed") settle();
      });
    });
    return this.#ready;
  }

  /** Gives the client a command. The session is held until it is answered. */
  async run<T>(command: (client: SessionClient) => Promise<T>): Promise<T> {
    const release = this.hold();
    this.#refusal = undefined;
    this.#publish();
    try {
      return await command(this.#client);
    } catch (error) {
      this.#refusal = error instanceof PerdureError ? error : errorOf(problemOf(error));
      throw error;
    } finally {
      release();
      this.#publish();
    }
  }

  async loadEarlier(): Promise<void> {
    const live = this.state.session?.messages[0];
    const shown = this.#earlierThan(live).messages[0] ?? live;
    if (live === undefined || shown === undefined) return;
    const page = await messagesBefore(this.#options, shown.position);
    const { messages } = this.#earlierThan(live);
    // What was asked for twice at the same time is put there once.
    if (messages[0] !== undefined && messages[0].position < shown.position) return;
    this.#earlier = {
      messages: [...page.messages, ...messages],
      hasEarlier: page.hasEarlier,
      until: live.position,
    };
    this.#publish();
  }

  reconnect(): void {
    this.#client.reconnect();
  }

  #onChange(): void {
    const { link, session } = this.state;
    const isCatchingUp = link === "catching-up" || link === "connecting";
    this.#isReady ||= link === "live" || (session !== undefined && !isCatchingUp);
    this.#publish();
  }

  /** The pages before the live messages; none where they would leave a hole, because a reset has replaced those. */
  #earlierThan(live: PlacedMessage | undefined): Pick<Earlier, "messages" | "hasEarlier"> {
    const { hasEarlier } = this.state;
    return this.#earlier !== undefined && this.#earlier.until === live?.position
      ? this.#earlier
      : { messages: NO_MESSAGES, hasEarlier };
  }

  #compose(): Session {
    const { state } = this;
    const { messages, hasEarlier } = this.#earlierThan(state.session?.messages[0]);
    const view = this.#view({
      state,
      earlier: messages,
      hasEarlier,
      error: (state.problem && this.#errorOf(state.problem)) ?? this.#refusal,
    });
    return { ...view, ...this.#actions };
  }

  #publish(): void {
    const session = this.#compose();
    if (!shallow(session, this.#session)) this.#session = session;
    for (const listener of this.#listeners) listener();
  }
}

const NO_MESSAGES: readonly PlacedMessage[] = [];
