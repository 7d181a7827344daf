/** What is kept with a socket, as handlers write to it. */

import type { Link } from "../object/index.ts";
import { PerdureError } from "../protocol/index.ts";
import type { ConnectionMeta } from "./context.ts";

/** The meta of one socket: each write is kept with the socket at once, or is refused and not made. */
export class LinkMeta<Meta extends ConnectionMeta> {
  readonly #link: Link;
  /** By what they stand for. */
  readonly #proxies = new WeakMap<object, object>();
  /** What proxies stand for. */
  readonly #targets = new WeakMap<object, object>();
  #value: Meta;
  /** What it was when the handler began, if it has changed since. */
  #before: Meta | undefined;

  constructor(link: Link) {
    this.#link = link;
    this.#value = structuredClone(link.attachment.meta) as Meta;
  }

  /** The meta, tracked to any depth. */
  get proxy(): Meta {
    return this.#track(this.#value);
  }

  /** A handler begins, or has stored what it did: from here on it is undone to. */
  begin(): void {
    this.#before = undefined;
  }

  /** Undoes all since `begin`. */
  rollback(): void {
    if (this.#before === undefined) return;
    this.#value = this.#before;
    this.#before = undefined;
    this.#link.attach({ meta: this.#value });
  }

  #track<T extends object>(target: T): T {
    const known = this.#proxies.get(target);
    if (known !== undefined) return known as T;
    const made = new Proxy(target, {
      get: (_, key) => this.#shown(Reflect.get(target, key)),
      set: (_, key, value) =>
        this.#change(target, () => Reflect.set(target, key, this.#raw(value))),
      deleteProperty: (_, key) => this.#change(target, () => Reflect.deleteProperty(target, key)),
      defineProperty: (_, key, descriptor) =>
        this.#change(target, () => Reflect.defineProperty(target, key, descriptor)),
    });
    this.#proxies.set(target, made);
    this.#targets.set(made, target);
    return made;
  }

  /** Only objects of JSON are tracked: what else may be cloned is replaced as a whole. */
  #shown(value: unknown): unknown {
    if (typeof value !== "object" || value === null) return value;
    const prototype: unknown = Object.getPrototypeOf(value);
    return prototype === Object.prototype || Array.isArray(value) ? this.#track(value) : value;
  }

  #raw(value: unknown): unknown {
    return (typeof value === "object" && value !== null && this.#targets.get(value)) || value;
  }

  #change(target: object, change: () => boolean): boolean {
    this.#before ??= structuredClone(this.#value);
    const undo = undoing(target);
    const { userId } = this.#value;
    const isDone = change();
    try {
      if (this.#value.userId !== userId)
        throw new PerdureError(
          "bad_request",
          "`meta.userId` cannot be changed: it is the name of the object. Connect anew as another user.",
        );
      this.#link.attach({ meta: this.#value });
      return isDone;
    } catch (error) {
      undo();
      throw error;
    }
  }
}

/** Brings an object back to what it is now. */
function undoing(target: object): () => void {
  if (Array.isArray(target)) {
    const before = [...(target as unknown[])];
    return () => target.splice(0, target.length, ...before);
  }
  const before = Object.getOwnPropertyDescriptors(target);
  return () => {
    for (const key of Reflect.ownKeys(target)) Reflect.deleteProperty(target, key);
    Object.defineProperties(target, before);
  };
}
