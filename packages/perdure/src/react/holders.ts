/** Who needs a connection. It is kept for a while after the last one has gone: somebody may come back. */

import type { LinkState } from "../client/index.ts";

/** How long a connection is kept that no component needs any more: a move from one page to another is shorter. */
export const LINGER_MS = 5_000;

/** The same for one whose link is closed for good: the next component that asks for it begins anew. */
export const FAILED_LINGER_MS = 1_000;

/** How long to keep a connection for nobody. */
export const lingerOf = (link: LinkState): number =>
  link === "closed" ? FAILED_LINGER_MS : LINGER_MS;

interface HoldersOptions {
  /** Somebody holds it who was alone, or the first. */
  readonly onHeld: () => void;
  /** How long it is kept for nobody, in milliseconds. */
  readonly linger: () => number;
  /** Nobody has held it for that long. Called once. */
  readonly onUnused: () => void;
}

export class Holders {
  readonly #options: HoldersOptions;
  #count = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** One that nobody ever holds ends, too. */
  constructor(options: HoldersOptions) {
    this.#options = options;
    this.#wait();
  }

  /** @returns A function that ends this; calling it again has no effect. */
  hold(): () => void {
    clearTimeout(this.#timer);
    this.#count += 1;
    if (this.#count === 1) this.#options.onHeld();
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      this.#count -= 1;
      if (this.#count === 0) this.#wait();
    };
  }

  #wait(): void {
    this.#timer = setTimeout(this.#options.onUnused, this.#options.linger());
  }
}
