/** Events of one handler on their way out: when they leave, and in which order. */

import { PerdureError } from "../protocol/index.ts";

/** What became of an event: to how many sockets it went. To wait for it sends it at once, with all that was emitted before it. */
export class Emission implements PromiseLike<number> {
  readonly #send: () => number | Promise<number>;
  readonly #outbox: Outbox;
  #result: Promise<number> | undefined;
  #isAwaited = false;

  /** @internal */
  constructor(outbox: Outbox, send: () => number | Promise<number>) {
    this.#outbox = outbox;
    this.#send = send;
  }

  /** What `await` calls. Rejects with a `PerdureError` where the target could not be reached. */
  // oxlint-disable-next-line unicorn/no-thenable -- to await an emission is what sends it at once
  then<Result = number, Failure = never>(
    onSent?: ((count: number) => Result | PromiseLike<Result>) | null,
    onFailed?: ((error: unknown) => Failure | PromiseLike<Failure>) | null,
  ): Promise<Result | Failure> {
    this.#isAwaited = true;
    if (this.#result === undefined && !this.#outbox.sendUpTo(this)) {
      // It waits for a transaction's end, which cannot come while its own closure waits; or it was dropped.
      return Promise.resolve(0).then(onSent, onFailed);
    }
    return (this.#result ?? Promise.resolve(0)).then(onSent, onFailed);
  }

  async #sent(): Promise<number> {
    try {
      return await this.#send();
    } catch (error) {
      throw error instanceof PerdureError ? error : unreachable(error);
    }
  }

  /** @internal */
  send(onError: (error: unknown) => void): void {
    this.#result = this.#sent();
    this.#result.catch((error: unknown) => {
      if (!this.#isAwaited) onError(error);
    });
  }
}

/** What the platform says of it stays here: it may hold what is not meant for clients. */
const unreachable = (cause: unknown): PerdureError =>
  Object.assign(
    new PerdureError("unavailable", "The target of an event could not be reached; try again."),
    { cause },
  );

/** The events of one handler that have not left yet. */
export class Outbox {
  readonly #onError: (error: unknown) => void;
  #waiting: Emission[] = [];
  #onReady: () => void = () => {};
  /** For each transaction that is open, the outermost first: how many events waited when it began. */
  #holds: number[] = [];

  /** @param onError Hears why an event that nobody awaits could not be sent. */
  constructor(onError: (error: unknown) => void) {
    this.#onError = onError;
  }

  /** Whether a transaction is open. */
  get isHeld(): boolean {
    return this.#holds.length > 0;
  }

  /** Adds an event. `send` is called once at most, and answers to how many sockets it went. */
  add(send: () => number | Promise<number>): Emission {
    const emission = new Emission(this, send);
    this.#waiting.push(emission);
    this.#onReady();
    return emission;
  }

  /** Sends an event and all before it; false where it does not wait here, or waits for a transaction. */
  sendUpTo(emission: Emission): boolean {
    const index = this.#waiting.indexOf(emission);
    const held = this.#holds[0] ?? Infinity;
    if (index === -1 || index >= held) return false;
    const ready = this.#waiting.splice(0, index + 1);
    this.#holds = this.#holds.map((count) => count - ready.length);
    for (const one of ready) one.send(this.#onError);
    return true;
  }

  /** Sends all that wait for no transaction. */
  flush(): void {
    for (const one of this.#waiting.splice(0, this.#holds[0] ?? Infinity)) one.send(this.#onError);
    this.#holds = this.#holds.map(() => 0);
  }

  /** The handler is over: whenever something waits from now on, `onReady` is called, to have it flushed. */
  release(onReady: () => void): void {
    this.#onReady = onReady;
    this.flush();
  }

  /** Forgets all that wait. */
  drop(): void {
    this.#waiting = [];
  }

  /**
   * A transaction begins: what is emitted from now on waits for its end.
   *
   * @returns Ends it; with false what was emitted since is dropped.
   */
  hold(): (isCommitted: boolean) => void {
    const depth = this.#holds.push(this.#waiting.length);
    return (isCommitted) => {
      const [count = Infinity] = this.#holds.splice(depth - 1);
      if (!isCommitted) this.#waiting.splice(count);
      this.#onReady();
    };
  }
}
