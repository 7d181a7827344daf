import { isObject } from "./clone-value.ts";
import { bufferTraps, dataViewTraps, dateTraps, viewTraps } from "./tracked-bytes.ts";
import { mapTraps, setTraps } from "./tracked-collection.ts";
import { objectTraps } from "./tracked-object.ts";
import type { ContainerChange, Scope } from "./tracked.ts";
import { originOf, trackedItself, trackedProxy } from "./tracked.ts";
import { knownObject } from "./value-kind.ts";

/** What a change below a key asks of the state. */
export interface TrackerHost {
  /** As `Scope.change`. */
  change<T>(key: string, change: ContainerChange<T>): T;
  /** As `Scope.refuse`. */
  refuse(key: string, detail: string): void;
}

/** Shows the objects below one key as tracked ones, each the same for as long as anybody has it. */
export class Tracker implements Scope {
  readonly #key: string;
  readonly #host: TrackerHost;
  readonly #proxies = new WeakMap<object, object>();
  readonly #traps: Traps;

  constructor(key: string, host: TrackerHost) {
    this.#key = key;
    this.#host = host;
    this.#traps = {
      object: objectTraps(this),
      map: mapTraps(this),
      set: setTraps(this),
      date: dateTraps(this),
      view: viewTraps(this),
      dataview: dataViewTraps(this),
      buffer: bufferTraps(this),
    };
  }

  show<T>(value: T): T {
    if (!isObject(value)) return value;
    const shown = this.#proxies.get(value) ?? this.#track(value);
    // A proxy is used as what it stands for.
    return shown as T & object;
  }

  held(value: unknown): unknown {
    const origin = originOf(value);
    return origin?.scope === this ? origin.raw : value;
  }

  change<T>(change: ContainerChange<T>): T {
    return this.#host.change(this.#key, change);
  }

  refuse(detail: string): void {
    this.#host.refuse(this.#key, detail);
  }

  #track(raw: object): object {
    const proxy = this.#proxyOf(raw);
    this.#proxies.set(raw, proxy);
    return proxy;
  }

  #proxyOf(raw: object): object {
    const known = knownObject(raw);
    switch (known?.kind) {
      case "object":
      case "array":
        return trackedProxy<Record<string, unknown> | unknown[]>(
          known.value,
          this.#traps.object,
          this,
        );
      case "map":
        return trackedProxy(known.value, this.#traps.map, this);
      case "set":
        return trackedProxy(known.value, this.#traps.set, this);
      case "date":
        return trackedProxy(known.value, this.#traps.date, this);
      case "view":
        return trackedProxy(known.value, this.#traps.view, this);
      case "dataview":
        return trackedProxy(known.value, this.#traps.dataview, this);
      case "buffer":
        return trackedProxy(known.value, this.#traps.buffer, this);
      case "error":
      case "box":
        // A change that nobody would see throws.
        return trackedItself(Object.freeze(raw), this);
      default:
        // Of a regular expression nothing that changes is stored.
        return trackedItself(raw, this);
    }
  }
}

interface Traps {
  readonly object: ReturnType<typeof objectTraps>;
  readonly map: ReturnType<typeof mapTraps>;
  readonly set: ReturnType<typeof setTraps>;
  readonly date: ReturnType<typeof dateTraps>;
  readonly view: ReturnType<typeof viewTraps>;
  readonly dataview: ReturnType<typeof dataViewTraps>;
  readonly buffer: ReturnType<typeof bufferTraps>;
}
