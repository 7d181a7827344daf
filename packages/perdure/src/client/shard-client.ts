/** A shard, from the outside: queries that stay as they are there, and mutations. */

import type { Problem, ShardServerFrame, ShardWelcome } from "../protocol/index.ts";
import { errorOf, PerdureError, problemOf } from "../protocol/index.ts";
import { Listeners } from "./listeners.ts";
import { ShardCalls } from "./shard-calls.ts";
import type {
  MutateOptions,
  ShardClientOptions,
  ShardClientState,
  ShardView,
  ShardWatch,
} from "./shard-client-options.ts";
import { ShardFeed } from "./shard-feed.ts";
import { OptimisticLayers } from "./shard-layers.ts";
import { ShardLink } from "./shard-link.ts";
import { queryCall } from "./shard-optimistic.ts";
import { LOADING } from "./shard-query.ts";
import type {
  MutationArgs,
  MutationName,
  MutationValue,
  QueryArgs,
  QueryName,
  QueryValue,
  ShardFunctionTypes,
} from "./shard-types.ts";
import { shardSocketUrl } from "./shard-url.ts";

/**
 * A client of one shard. It connects when it is first used, or by `connect`; call `close` when done.
 *
 * Its type is that of the shard's functions: `new ShardClient<Board>(…)`, where the Worker has `export type Board = typeof board`.
 */
export class ShardClient<Shard extends ShardFunctionTypes = ShardFunctionTypes> {
  readonly #link: ShardLink;
  readonly #feed: ShardFeed;
  readonly #calls: ShardCalls<Shard>;
  readonly #changes = new Listeners<readonly []>();
  readonly #errors = new Listeners<readonly [problem: Problem, functionPath: string | undefined]>();
  /** Whom the shard takes this client for. */
  #who: string | undefined;
  /** Names the order in which positions count. */
  #history: string | undefined;
  #state: ShardClientState;

  /** @throws PerdureError `bad_request` without a usable URL or WebSocket. */
  constructor(options: ShardClientOptions<Shard> = {}) {
    const WebSocket = options.WebSocket ?? globalThis.WebSocket;
    if (WebSocket === undefined)
      throw new PerdureError("bad_request", "Pass a `WebSocket`: none is global here.");
    const url = shardSocketUrl(options.url, options.shard);
    const now = options.clock ?? Date.now;
    const layers = new OptimisticLayers();
    this.#link = new ShardLink({
      url,
      token: options.token,
      WebSocket,
      now,
      random: options.random ?? Math.random,
      isAnswered: () => this.#feed.isAnswered,
      onOpen: () => this.#onOpen(),
      onFrame: (frame) => {
        this.#onFrame(frame);
        this.#publish();
      },
      onDown: () => this.#onDown(),
    });
    this.#feed = new ShardFeed({
      now,
      lingerMs: options.lingerMs ?? 1_000,
      layers,
      send: (text) => {
        this.#link.send(text);
        this.#link.watchAnswers(false);
      },
      onBroken: () => this.#link.open(),
    });
    this.#calls = new ShardCalls({
      store: options.outbox,
      optimistic: options.optimistic,
      layers,
      now,
      send: (text) => this.#link.send(text),
      valueOf: (key) => this.#feed.find(key)?.view.value,
      onChange: () => this.#publish(),
      onRefused: (problem, functionPath) => this.#errors.emit(problem, functionPath),
    });
    this.#state = this.#compose();
  }

  /** The state of the connection; the same object until something changes. May be passed on unbound. */
  readonly getState = (): ShardClientState => this.#state;

  /** Calls back after every change of the state. May be passed on unbound. @returns A function that ends this. */
  readonly onChange = (listener: () => void): (() => void) => this.#changes.add(listener);

  /**
   * Calls back for all that is refused, whether anybody waits for it or not: a mutation or a query that was called, on this page or the one
   * before (then `functionPath` names it), or a frame.
   *
   * @returns A function that ends this.
   */
  onError(listener: (problem: Problem, functionPath: string | undefined) => void): () => void {
    return this.#errors.add(listener);
  }

  /** Connects, unless that was already asked for. After `close`, or a link closed for good, it begins anew. */
  connect(): void {
    if (this.#state.link === "idle" || this.#state.link === "closed") this.#link.open();
  }

  /** Closes the link. What is shown stays; mutations without an answer are kept, and go on after `connect`. */
  close(): void {
    this.#link.close();
  }

  /** A query's result, to look at and to listen to. Nothing is asked for before somebody listens. */
  watch<Name extends QueryName<Shard>>(
    query: Name,
    args: QueryArgs<Shard, Name>,
  ): ShardWatch<QueryValue<Shard, Name>> {
    const call = queryCall(query, args);
    return {
      get: () => (this.#feed.find(call.key)?.view ?? LOADING) as ShardView<QueryValue<Shard, Name>>,
      subscribe: (listener) => {
        this.#begin();
        const stop = this.#feed.listen(call, listener);
        this.#publish();
        return stop;
      },
    };
  }

  /**
   * Follows a query: calls back with what is known of it at once, and after each change. All that ask for the same share one
   * subscription.
   *
   * @returns A function that ends this.
   */
  subscribe<Name extends QueryName<Shard>>(
    query: Name,
    args: QueryArgs<Shard, Name>,
    listener: (view: ShardView<QueryValue<Shard, Name>>) => void,
  ): () => void {
    const watch = this.watch(query, args);
    let told: ShardView | undefined;
    const tell = () => {
      const view = watch.get();
      if (view === told) return;
      told = view;
      listener(view);
    };
    const stop = watch.subscribe(tell);
    tell();
    return stop;
  }

  /**
   * Calls a mutation, now or as soon as there is a connection. It has its effect once, however many connections that takes.
   *
   * @returns What it answers. The promise may be left alone: where it rejects, nothing is reported as unhandled, and `onError` hears of it.
   *   It rejects with a `PerdureError`: the shard's; `bad_frame` for the id; `too_large` past `MAX_CLIENT_FRAME_BYTES`; `rate_limited` where
   *   `MAX_PENDING_COMMANDS` wait; `forbidden` where somebody else has logged in before it was answered; and why the server closed the
   *   link for good. It is not sent again then.
   */
  mutate<Name extends MutationName<Shard>>(
    mutation: Name,
    args: MutationArgs<Shard, Name>,
    options: MutateOptions<Shard> = {},
  ): Promise<MutationValue<Shard, Name>> {
    const functionPath = `mutations.${mutation}`;
    const answer = this.#mutate(functionPath, args, options);
    return this.#reported(answer, functionPath) as Promise<MutationValue<Shard, Name>>;
  }

  /**
   * Calls a query once, now or as soon as there is a connection.
   *
   * @returns What it answers. Rejects as `mutate` does.
   */
  query<Name extends QueryName<Shard>>(
    query: Name,
    args: QueryArgs<Shard, Name>,
  ): Promise<QueryValue<Shard, Name>> {
    const { functionPath } = queryCall(query, args);
    const answer = this.#query(functionPath, args);
    return this.#reported(answer, functionPath) as Promise<QueryValue<Shard, Name>>;
  }

  async #mutate(
    functionPath: string,
    args: unknown,
    { id, optimistic }: MutateOptions<Shard>,
  ): Promise<unknown> {
    this.#check();
    return this.#calls.mutate(functionPath, args, {
      ...(id === undefined ? {} : { id }),
      ...(optimistic === undefined ? {} : { update: optimistic }),
    });
  }

  async #query(functionPath: string, args: unknown): Promise<unknown> {
    this.#check();
    return this.#calls.query(functionPath, args);
  }

  /** Throws why nothing will be answered. */
  #check(): void {
    if (this.#state.problem !== undefined) throw errorOf(this.#state.problem);
    this.#begin();
  }

  #begin(): void {
    if (this.#state.link === "idle") this.#link.open();
  }

  #reported(answer: Promise<unknown>, functionPath: string): Promise<unknown> {
    answer.catch((error: unknown) => this.#errors.emit(problemOf(error), functionPath));
    return answer;
  }

  // -------------------------------------------------------------------------------------------- the link

  #onOpen(): void {
    // A mutation of before may have had its effect: its answer comes ahead of results, so that none shows it twice.
    const isEager = !this.#calls.mayWait;
    this.#feed.onOpen(isEager);
    this.#publish();
  }

  #onFrame(frame: ShardServerFrame): void {
    switch (frame.t) {
      case "welcome":
        this.#onWelcome(frame);
        break;
      case "result":
        this.#feed.advance(frame.position);
        return this.#calls.onAnswer(frame);
      case "refused":
        if (typeof frame.id === "string") return this.#calls.onAnswer({ ...frame, id: frame.id });
        this.#feed.onFrame(frame);
        break;
      case "commit":
        if (frame.call !== undefined) this.#calls.onCommit(frame.call, frame.position);
        return this.#feed.onFrame(frame);
      case "error":
        return this.#errors.emit(frame.error, undefined);
      default:
        this.#feed.onFrame(frame);
    }
    // Each answer gives the others time.
    return this.#link.watchAnswers(true);
  }

  #onWelcome({ who, history }: ShardWelcome): void {
    if (this.#who !== undefined && this.#who !== who) this.#feed.forget();
    if (this.#history !== history) this.#feed.restart();
    this.#who = who;
    this.#history = history;
    this.#calls.onWelcome(who);
    this.#feed.onWelcome();
  }

  #onDown(): void {
    const { problem } = this.#link;
    this.#calls.onDrop();
    this.#feed.onDrop();
    if (problem !== undefined) {
      this.#feed.onFinal(problem);
      this.#calls.onFinal(problem);
    }
    this.#publish();
  }

  /** Makes what is shown anew, all of it before anybody is told of any. */
  #publish(): void {
    const tell = this.#feed.compose();
    const before = this.#state;
    this.#state = this.#compose(before);
    tell();
    if (this.#state !== before) this.#changes.emit();
  }

  #compose(before?: ShardClientState): ShardClientState {
    const { state: link, problem } = this.#link;
    const { pending } = this.#calls;
    const isSame =
      before?.link === link && before.problem === problem && before.pending === pending;
    return isSame ? before : { link, problem, pending };
  }
}
