import { isObject } from "./clone-value.ts";
import { boundTraps, viewTraps } from "./tracked-bytes.ts";
import { mapTraps, setTraps } from "./tracked-collection.ts";
import { objectTraps } from "./tracked-object.ts";
import type { Scope } from "./tracked.ts";
import { originOf, trackedItself, trackedProxy } from "./tracked.ts";
import { knownObject } from "./value-kind.ts";

/** Shows the objects below one key as tracked ones, each the same for as long as anybody has it. */
export class Tracker implements Scope {
  readonly change: Scope["change"];
  readonly refuse: Scope["refuse"];
  readonly #proxies = new WeakMap<object, object>();
  readonly #objects = objectTraps(this);
  readonly #views = viewTraps(this);
  readonly #others = boundTraps(this);

  /** @param host What a change below the key asks of the state. */
  constructor({ change, refuse }: Pick<Scope, "change" | "refuse">) {
    this.change = change;
    this.refuse = refuse;
  }

  show<T>(value: T): T {
    if (!isObject(value)) return value;
    let shown = this.#proxies.get(value);
    if (shown === undefined) {
      shown = this.#track(value);
      this.#proxies.set(value, shown);
    }
    // A proxy is used as what it stands for.
    return shown as T & object;
  }

  held(value: unknown): unknown {
    const origin = originOf(value);
    return origin?.scope === this ? origin.raw : value;
  }

  #track(raw: object): object {
    const known = knownObject(raw);
    switch (known?.kind) {
      case "object":
      case "array":
        return trackedProxy(raw, this.#objects, this);
      case "map":
        return trackedProxy(known.value, mapTraps(this, known.value), this);
      case "set":
        return trackedProxy(known.value, setTraps(this, known.value), this);
      case "view":
        return trackedProxy(known.value, this.#views, this);
      case "date":
      case "dataview":
      case "buffer":
        return trackedProxy(known.value, this.#others, this);
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
