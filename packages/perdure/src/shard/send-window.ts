import type { Link } from "../object/index.ts";
import { MAX_UNACKNOWLEDGED_BYTES } from "../protocol/index.ts";

/**
 * How much is under way to each socket: the platform does not say what it holds for one that reads slowly. In memory only. After an
 * eviction nothing counts as under way, and an acknowledgement of what was counts for nothing.
 */
export class SendWindow {
  readonly #units = new WeakMap<Link, number>();

  /** Whether nothing more may be sent before the other side acknowledges. */
  isFull(link: Link): boolean {
    return this.#unitsTo(link) > MAX_UNACKNOWLEDGED_BYTES;
  }

  /** A text of so many UTF-16 units was sent. One that begins within the window may end past it: a result may be as large. */
  add(link: Link, units: number): void {
    this.#units.set(link, this.#unitsTo(link) + units);
  }

  /** So many have arrived. */
  acknowledge(link: Link, units: number): void {
    this.#units.set(link, Math.max(0, this.#unitsTo(link) - units));
  }

  #unitsTo(link: Link): number {
    return this.#units.get(link) ?? 0;
  }
}
