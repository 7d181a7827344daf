/** Handlers one at a time: what each does is stored when it ends, and undone where it throws. */

import type { Link } from "../object/index.ts";
import type { PerdureError, Problem } from "../protocol/index.ts";
import { problemOf } from "../protocol/index.ts";
import type { ClientNumbers, Numbered } from "./client-numbers.ts";
import type { ConnectionContext, ConnectionMeta } from "./context.ts";
import { HandlerQueue } from "./handler-queue.ts";
import { Outbox } from "./outbox.ts";
import type { ScopeHost } from "./scope.ts";
import { Scope } from "./scope.ts";

/** What handlers need of their object. */
export interface HandlersHost<
  Meta extends ConnectionMeta,
  Env,
  State extends object,
  C,
> extends ScopeHost<Env, State> {
  readonly numbers: ClientNumbers;
  /** Hears what handlers throw, and what fails after them. */
  onError(error: unknown, ctx: ConnectionContext<Meta, Env, State, C> | null): void | Promise<void>;
  /** Tells a client that its event was handled, or why it was not. */
  answer(numbered: Numbered, error: Problem | undefined): void;
}

/** What a handler does. */
export type Work<Meta extends ConnectionMeta, Env, State extends object, C> = (
  scope: Scope<Meta, Env, State, C>,
) => void | Promise<void>;

/** An event that no handler was asked about: its client hears of it, the app does not. */
export class Refusal extends Error {
  /** Why. */
  override readonly cause: PerdureError;

  /** @param cause Why. */
  constructor(cause: PerdureError) {
    super(cause.message);
    this.cause = cause;
  }
}

/** Runs the handlers of one object. */
export class Handlers<Meta extends ConnectionMeta, Env, State extends object, C> {
  /** For what is emitted outside of handlers. */
  readonly outside: Scope<Meta, Env, State, C>;
  readonly #host: HandlersHost<Meta, Env, State, C>;
  readonly #queue: HandlerQueue;
  /** The handler that runs, unless it runs beside others. */
  #running: Scope<Meta, Env, State, C> | undefined;
  /** Outboxes that have something to send at the end of this turn. */
  readonly #turn = new Set<Outbox>();

  constructor(host: HandlersHost<Meta, Env, State, C>) {
    this.#host = host;
    this.#queue = new HandlerQueue(() => host.host.storage.sync());
    host.state.onChange = () => {
      // What is written while a handler runs is stored, or undone, with what that writes.
      if (this.#running === undefined) this.#atEndOfTurn();
    };
    this.outside = this.#scope(null);
    this.#release(this.outside.outbox);
  }

  /** Whether no event more should be taken. */
  get isFull(): boolean {
    return this.#queue.isFull;
  }

  /**
   * Runs a handler when all before it have ended.
   *
   * @returns Why it did not, if its number has not been answered before.
   */
  run(
    link: Link | null,
    work: Work<Meta, Env, State, C>,
    numbered?: Numbered,
  ): Promise<Problem | undefined> {
    return this.#queue.run(async () => {
      if (this.#isAnswered(numbered)) return undefined;
      const scope = this.#scope(link);
      this.#running = scope;
      try {
        this.#host.state.begin();
        await work(scope);
        await this.#commit(scope, numbered);
        return undefined;
      } catch (error) {
        this.#host.state.rollback();
        scope.rollback();
        return await this.#failed(scope, error, numbered);
      } finally {
        this.#running = undefined;
        // `onError` has written after the last attempt to store.
        if (this.#host.state.isDirty) this.#atEndOfTurn();
      }
    });
  }

  /** Runs a handler beside others. Its number counts before it runs, because a later one may be done first. */
  async runBeside(
    link: Link,
    work: Work<Meta, Env, State, C>,
    numbered: Numbered | undefined,
  ): Promise<Problem | undefined> {
    if (this.#isAnswered(numbered)) return undefined;
    const scope = this.#scope(link);
    try {
      if (numbered !== undefined) this.#host.numbers.remember(numbered);
      await work(scope);
      await this.#commit(scope, numbered);
      return undefined;
    } catch (error) {
      scope.outbox.drop();
      return await this.#failed(scope, error, numbered);
    }
  }

  /** Tells the app of a failure; never throws. */
  async report(error: unknown, ctx: ConnectionContext<Meta, Env, State, C> | null): Promise<void> {
    try {
      await this.#host.onError(error, ctx);
    } catch (failure) {
      console.error("perdure: onError of a connection failed", failure);
    }
  }

  /** Ends a handler: stores what it did, and with it that its event was handled; then what it has emitted leaves, and the answer. */
  async #commit(
    scope: Scope<Meta, Env, State, C>,
    numbered: Numbered | undefined,
    error?: Problem,
  ): Promise<void> {
    const host = this.#host;
    await this.#store(scope, () => {
      if (numbered === undefined) return host.state.flush();
      host.host.sql.transaction(() => {
        host.numbers.remember(numbered, error);
        host.state.flush();
      });
    });
    this.#release(scope.outbox);
    if (numbered !== undefined) host.answer(numbered, error);
  }

  /** Stores while no other handler is half done. */
  async #store(scope: Scope<Meta, Env, State, C>, store: () => void): Promise<void> {
    if (this.#running === scope) store();
    else await this.#queue.run(store);
  }

  /** A handler threw: the app hears of it, and its client is answered. */
  async #failed(
    scope: Scope<Meta, Env, State, C>,
    error: unknown,
    numbered: Numbered | undefined,
  ): Promise<Problem> {
    const isRefusal = error instanceof Refusal;
    const problem = problemOf(isRefusal ? error.cause : error);
    if (!isRefusal) await this.report(error, scope.contextOrNull);
    try {
      await this.#commit(scope, numbered, problem);
    } catch (failure) {
      // It is not remembered, so it may come again.
      await this.report(failure, scope.contextOrNull);
      this.#release(scope.outbox);
    }
    return problem;
  }

  #isAnswered(numbered: Numbered | undefined): boolean {
    const answer = numbered && this.#host.numbers.answerTo(numbered);
    if (numbered === undefined || answer === undefined) return false;
    this.#host.answer(numbered, answer.error);
    return true;
  }

  #scope(link: Link | null): Scope<Meta, Env, State, C> {
    const outbox = new Outbox((error) => void this.report(error, null));
    return new Scope(this.#host, link, outbox, (scope) =>
      this.#store(scope, () => this.#host.state.flush()),
    );
  }

  // -------------------------------------------------------------------------------------------- outside of handlers

  /** A handler is over: what it has emitted leaves, and what it still emits leaves at the end of the turn. */
  #release(outbox: Outbox): void {
    outbox.release(() => {
      this.#turn.add(outbox);
      this.#atEndOfTurn();
    });
  }

  #atEndOfTurn(): void {
    queueMicrotask(() => {
      if (this.#running === undefined) this.#storeOutside();
      for (const outbox of this.#turn) outbox.flush();
      this.#turn.clear();
    });
  }

  #storeOutside(): void {
    try {
      this.#host.state.flush();
    } catch (error) {
      void this.report(error, null);
    }
  }
}
