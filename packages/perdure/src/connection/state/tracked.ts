import { cloneValue, isObject } from "./clone-value.ts";

/** What the tracked values below one key need of their state. */
export interface Scope {
  /** What is shown of something that a container holds: objects as tracked ones, the same each time. */
  show<T>(value: T): T;
  /** The object that a container holds, for a tracked one of the same key; any other value as it is. */
  held(value: unknown): unknown;
  /**
   * Makes a change to a container, remembers what it takes to roll it back, and has it stored with the next flush.
   *
   * @param container What changes; of bytes, their buffer.
   * @param apply Makes the change. It gets what is kept of `values`.
   * @param instead What is answered where the change was refused and nothing is to be thrown.
   * @param values Values that come in.
   * @param bytes Bytes that the stored value grows by besides those of `values`, at most; 0 by default.
   */
  change<T>(
    container: object,
    apply: (kept: readonly unknown[]) => T,
    instead: T,
    values?: readonly unknown[],
    bytes?: number,
  ): T;
  /** A change that cannot be kept. Returns where nothing is to be thrown. */
  refuse(detail: string): void;
}

/** What a tracked object stands for. */
interface Origin {
  readonly raw: object;
  /** Undefined for a state itself. */
  readonly scope: object | undefined;
}

const ORIGINS = new WeakMap<object, Origin>();

/** Makes a tracked object of one that a state holds. */
export function trackedProxy<T extends object>(
  raw: T,
  traps: ProxyHandler<T>,
  scope: object | undefined,
): T {
  const proxy = new Proxy(raw, traps);
  ORIGINS.set(proxy, { raw, scope });
  return proxy;
}

/** Takes an object into the state that is shown as it is: nothing in it changes that would be stored. */
export function trackedItself(raw: object, scope: object): object {
  ORIGINS.set(raw, { raw, scope });
  return raw;
}

/** What a tracked object stands for; undefined where it is none. */
export function originOf(value: unknown): Origin | undefined {
  return isObject(value) ? ORIGINS.get(value) : undefined;
}

/** The object itself, of a tracked one; any other value as it is. Only to be read. */
export function rawOf(value: unknown): unknown {
  return originOf(value)?.raw ?? value;
}

/**
 * A plain copy of a value of the state, for what takes no tracked objects: `structuredClone`, `storage.put`, `TextDecoder`,
 * `crypto.subtle`, RPC. A copy of a value that is not tracked is one, too.
 *
 * @throws `bad_request` where something in it cannot be cloned without loss.
 */
export function snapshot<T>(value: T): T {
  return cloneOf(value) as T;
}

/** A clone of a value that may be tracked, but for what is tracked in `scope`: that stays itself. */
export function cloneOf(value: unknown, scope?: object): unknown {
  return cloneValue(value, (object) => {
    const origin = ORIGINS.get(object);
    if (origin === undefined) return undefined;
    const { raw } = origin;
    return scope !== undefined && origin.scope === scope ? { copy: raw } : { original: raw };
  });
}

const no = () => false;

/** Traps that say of a tracked object what no storage would keep: of most also properties of their own. */
export const FIXED_TRAPS = {
  preventExtensions: no,
  setPrototypeOf: no,
  set: no,
  defineProperty: no,
} as const satisfies ProxyHandler<object>;
