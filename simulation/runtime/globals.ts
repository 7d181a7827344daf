/** Takes time, timers and chance away from the product's code: in this process they belong to the simulation. */

import { createHmac, timingSafeEqual } from "node:crypto";
import type { Runtime } from "./runtime.ts";

let runtime: Runtime | undefined;

/** The runtime that owns the globals from now on. */
export function use(next: Runtime): void {
  runtime = next;
}

function current(): Runtime {
  if (runtime === undefined) throw new Error("No seed is running.");
  return runtime;
}

/** What a timer function returns: Node's code also unrefs it. */
class Timer {
  #stop: () => void;

  constructor(stop: () => void) {
    this.#stop = stop;
  }

  unref(): this {
    return this;
  }

  clear(): void {
    this.#stop();
  }

  /** The timer goes on with another event. */
  follow(stop: () => void): void {
    this.#stop = stop;
  }
}

type Callback = (...values: unknown[]) => void;

function later(callback: Callback, delay = 0, ...values: unknown[]): Timer {
  return new Timer(current().after(delay, () => callback(...values)));
}

function repeatedly(callback: Callback, period = 0, ...values: unknown[]): Timer {
  const beat = (): void => {
    timer.follow(owner.after(period, beat));
    callback(...values);
  };
  const owner = current();
  const timer = new Timer(owner.after(period, beat));
  return timer;
}

const clear = (timer: unknown): void => {
  if (timer instanceof Timer) timer.clear();
};

/** Replaces the globals, once for the whole process. */
export function installGlobals(): void {
  Object.assign(globalThis, {
    setTimeout: later,
    setInterval: repeatedly,
    setImmediate: (callback: Callback, ...values: unknown[]) => later(callback, 0, ...values),
    clearTimeout: clear,
    clearInterval: clear,
    clearImmediate: clear,
    // Nothing in this world answers HTTP.
    fetch: () => Promise.reject(new TypeError("There is no network.")),
  });
  Date.now = () => Math.floor(current().now());
  Math.random = () => current().random();
  crypto.randomUUID = () => current().newId() as ReturnType<Crypto["randomUUID"]>;
  crypto.getRandomValues = (array) => {
    if (ArrayBuffer.isView(array)) {
      const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
      for (let index = 0; index < bytes.length; index += 1) bytes[index] = current().below(256);
    }
    return array;
  };
  playSignatures();
  process.on("unhandledRejection", (error) => runtime?.faults.push(error));
  process.on("uncaughtException", (error) => runtime?.faults.push(error));
}

/** HMAC-SHA256 as `crypto.subtle` has it: the real one answers from another thread, in real time. */
function playSignatures(): void {
  type Key = Uint8Array;
  const sign = (key: Key, data: Uint8Array) => createHmac("sha256", key).update(data).digest();
  const played = {
    importKey: async (_format: string, key: Key) => key,
    sign: async (_algorithm: string, key: Key, data: Uint8Array) => sign(key, data),
    verify: async (_algorithm: string, key: Key, signature: Uint8Array, data: Uint8Array) => {
      const expected = sign(key, data);
      return signature.length === expected.length && timingSafeEqual(signature, expected);
    },
  };
  for (const [name, value] of Object.entries(played))
    Object.defineProperty(crypto.subtle, name, { value });
}
