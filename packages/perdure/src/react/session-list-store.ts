/** One list of sessions on one page: a client, what components see of it, and for how long it is kept. */

import type { TokenSource } from "../client/index.ts";
import { SessionListClient } from "../client/list/index.ts";
import { errorOf } from "../protocol/index.ts";
import { Holders, lingerOf } from "./holders.ts";
import { remember } from "./remember.ts";
import type { SessionList, SessionListOptions } from "./session-list.ts";

export class SessionListStore {
  readonly #client: SessionListClient;
  readonly #holders: Holders;
  readonly #errorOf = remember(errorOf);
  #token: Exclude<TokenSource, string> | undefined;
  #list: SessionList;

  /**
   * Connects when it is first held.
   *
   * @param onUnused Nobody has held it for a while: it is closed, and must not be used again.
   * @throws PerdureError `bad_request` without a usable URL or WebSocket.
   */
  constructor(options: SessionListOptions, onUnused: () => void) {
    const { token } = options;
    this.#token = typeof token === "function" ? token : undefined;
    // Components give another function with every render: the last one is asked.
    const asked = typeof token === "function" ? async () => this.#token?.() ?? "" : token;
    this.#client = new SessionListClient({ ...options, token: asked });
    this.#list = this.#compose();
    // Before all that a component listens with.
    this.#client.subscribe(() => {
      this.#list = this.#compose();
    });
    this.#holders = new Holders({
      onHeld: () => this.#list.link === "idle" && this.#client.connect(),
      linger: () => lingerOf(this.#list.link),
      onUnused: () => {
        this.#client.close();
        onUnused();
      },
    });
  }

  /** The same object until something changes. */
  get list(): SessionList {
    return this.#list;
  }

  /** Calls back after each change. @returns A function that ends this. */
  subscribe(listener: () => void): () => void {
    return this.#client.subscribe(listener);
  }

  /** The function to ask for tokens from now on, where it is one that is asked. */
  renewToken(token: Exclude<TokenSource, string>): void {
    this.#token = token;
  }

  /** Keeps the list connected. @returns A function that ends this. */
  hold(): () => void {
    return this.#holders.hold();
  }

  readonly loadMore = (): void => this.#client.more();

  readonly reconnect = (): void => {
    if (this.#list.link === "offline") this.#client.close();
    this.#client.connect();
  };

  #compose(): SessionList {
    const { problem, ...view } = this.#client.getState();
    const { loadMore, reconnect } = this;
    return { ...view, error: problem && this.#errorOf(problem), loadMore, reconnect };
  }
}
