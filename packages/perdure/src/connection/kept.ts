/** What the object keeps with a socket over hibernation, beside its meta. */

import type { Link } from "../object/index.ts";
import { isObject } from "../protocol/index.ts";

/** What is kept. */
export interface Kept {
  /** The client, as its `hello` named it. */
  readonly client?: string | undefined;
  /** How many `event` frames it was sent. */
  readonly sent?: number | undefined;
  /** Its rooms, each with the digest of the metadata that its user joined with. */
  readonly rooms?: Readonly<Record<string, string>> | undefined;
}

/** What is kept with a socket. */
export function keptWith(link: Link): Kept {
  const { kept } = link.attachment;
  return isObject(kept) ? kept : {};
}

/** Keeps more, and leaves the rest alone. Throws `too_large` where it does not fit. */
export function keep(link: Link, change: Kept): void {
  link.attach({ kept: { ...keptWith(link), ...change } });
}
