/**
 * The world's clock and scheduler: everything that happens is an event at a simulated time, picked in an order that the seed
 * alone decides. Code of a process that has died never runs again.
 */

import { AsyncLocalStorage } from "node:async_hooks";
import { EventQueue } from "./event-queue.ts";
import { randomFrom } from "../../packages/perdure/test/support/random.ts";

/** The real one: `installGlobals` replaces the global. */
const realSetImmediate = setImmediate;

/** Where simulated time begins, in milliseconds since 1970. */
const EPOCH_MS = 1_790_000_000_000;

/** Whose code runs now, through every await. */
const current = new AsyncLocalStorage<Process>();

/** One process of the operating system, one page of a browser, or one life of an object's memory. */
export class Process {
  readonly name: string;
  isAlive = true;
  /** It is stopped until then (SIGSTOP): what is for it waits. */
  sleepsUntil = 0;
  /** Runs code as part of this process: the context is made once, because that is what costs. */
  readonly enter: <T>(task: () => T) => T;
  /** What is for it, in order, while it is stopped. */
  readonly mailbox: (() => void)[] = [];

  constructor(name: string) {
    this.name = name;
    this.enter = current.run(this, () => AsyncLocalStorage.snapshot());
  }
}

/** Ends a running seed: something that was promised does not hold. */
export class Violation extends Error {
  override readonly name = "Violation";
}

/** One line of a trace: when, who, what. */
export type Trace = (line: string) => void;

/** The runtime of one seed. */
export class Runtime {
  readonly #queue = new EventQueue();
  readonly #random: () => number;
  readonly #trace: Trace | undefined;
  #now = EPOCH_MS;
  #ids = 0;
  /** Events that have happened. */
  steps = 0;
  /** Errors that no process has handled. */
  readonly faults: unknown[] = [];

  constructor(seed: number, trace?: Trace) {
    this.#random = randomFrom(seed);
    this.#trace = trace;
  }

  /** Milliseconds since 1970. */
  now(): number {
    return this.#now;
  }

  /** Seconds since the beginning. */
  get seconds(): number {
    return (this.#now - EPOCH_MS) / 1000;
  }

  // -------------------------------------------------------------------------------------------- chance

  /** Uniform from 0 up to 1. */
  random(): number {
    return this.#random();
  }

  /** A whole number from 0 to `bound` − 1. */
  below(bound: number): number {
    return Math.floor(this.#random() * bound);
  }

  /** True with this probability. */
  chance(probability: number): boolean {
    return this.#random() < probability;
  }

  /** Milliseconds from `from` up to `to`. */
  between(from: number, to: number): number {
    return from + this.#random() * (to - from);
  }

  oneOf<T>(list: readonly T[]): T {
    const one = list[this.below(list.length)];
    if (one === undefined) throw new Error("There is nothing to choose from.");
    return one;
  }

  /** An id that no other call gives, and the same for the same seed. */
  newId(): string {
    this.#ids += 1;
    const random = Math.floor(this.#random() * 2 ** 32);
    return `${random.toString(16).padStart(8, "0")}-0000-4000-8000-${this.#ids.toString(16).padStart(12, "0")}`;
  }

  // -------------------------------------------------------------------------------------------- time

  /** Calls back after a delay, in the process that asks now; the returned function prevents it. */
  after(delay: number, task: () => void): () => void {
    return this.#queue.add(this.#now + Math.max(0, delay), current.getStore(), task);
  }

  /** Runs code as part of a process; nothing where it is dead. */
  run<T>(process: Process, task: () => T): T | undefined {
    return process.isAlive ? process.enter(task) : undefined;
  }

  /** Does something for a process: now, or where it is stopped, as soon as it goes on; never where it is dead. */
  deliver(process: Process, task: () => void): void {
    const { mailbox, sleepsUntil } = process;
    if (mailbox.length === 0 && sleepsUntil <= this.#now) {
      this.run(process, task);
      return;
    }
    mailbox.push(task);
    if (mailbox.length > 1) return;
    this.#queue.add(sleepsUntil, process, () => {
      for (const waiting of mailbox.splice(0)) this.#attempt(waiting);
    });
  }

  /** Calls back after a delay as part of no process: what the world does goes on whoever dies. */
  afterOutside(delay: number, task: () => void): () => void {
    return this.#queue.add(this.#now + Math.max(0, delay), undefined, task);
  }

  /** The process whose code runs now. */
  get process(): Process | undefined {
    return current.getStore();
  }

  /** The next event happens, with all that follows from it without waiting. False: nothing is left to happen. */
  async step(): Promise<boolean> {
    const event = this.#queue.next();
    if (event === undefined) return false;
    this.#now = event.at;
    const wakesAt = event.process?.sleepsUntil ?? 0;
    if (wakesAt > this.#now) {
      event.moveTo(this.#queue.add(wakesAt, event.process, event.task));
      return true;
    }
    this.steps += 1;
    if (event.process === undefined) this.#attempt(event.task);
    else this.run(event.process, () => this.#attempt(event.task));
    await settled();
    return true;
  }

  #attempt(task: () => void): void {
    try {
      task();
    } catch (error) {
      this.faults.push(error);
    }
  }

  /** A rule is broken: ends the seed, from wherever it is found. */
  fail(rule: string): void {
    this.faults.push(new Violation(rule));
  }

  /** Throws what was found broken, if anything was. */
  check(): void {
    const [fault] = this.faults;
    if (fault === undefined) return;
    throw fault instanceof Error ? fault : new Error(JSON.stringify(fault));
  }

  trace(line: string): void {
    if (this.#trace === undefined) return;
    this.#trace(`${this.seconds.toFixed(3).padStart(9)} ${line}`);
  }
}

/** Everything that was put off to a microtask has happened. */
export function settled(): Promise<void> {
  return new Promise((resolve) => realSetImmediate(resolve));
}
