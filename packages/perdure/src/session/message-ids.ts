/**
 * Where messages are, by id. The table has no index on it, which would bill a row for each message: as much as reading a
 * thousand. So the first question reads the places of all, and memory answers the next.
 */

import type { Sql, SqlRow } from "../object/index.ts";

/** Messages whose places are held: about 4 MB. */
const MAX_HELD = 100_000;

interface Place extends SqlRow {
  position: number;
  id: string;
}

/** Finds the newest message of an id. */
export class MessageIds {
  readonly #sql: Sql;
  readonly #maxHeld: number;
  /**
   * Positions by a digest of the id, of two the newer one; undefined before the first question. A position is a hint: after a
   * transaction was undone, or where two ids have the same digest, another message or none is there.
   */
  #held: Map<number, number> | undefined;
  /** Messages before this position are not held. */
  #first = 0;

  constructor(sql: Sql, maxHeld = MAX_HELD) {
    this.#sql = sql;
    this.#maxHeld = maxHeld;
  }

  /** The position of the newest message of an id; undefined where there is none. */
  find(id: string): number | undefined {
    const held = (this.#held ??= this.#load());
    const position = held.get(digestOf(id));
    if (position !== undefined) return this.#isAt(position, id) ? position : this.#scan(id);
    return this.#first === 0 ? undefined : this.#scan(id, this.#first);
  }

  /** A message was stored. */
  add(id: string, position: number): void {
    if (this.#held !== undefined) hold(this.#held, id, position);
  }

  /** Messages were forgotten. */
  clear(): void {
    this.#held = undefined;
  }

  #load(): Map<number, number> {
    const places = this.#sql.run<Place>(
      "SELECT position, id FROM messages ORDER BY position DESC LIMIT ?",
      this.#maxHeld,
    );
    this.#first = places.length < this.#maxHeld ? 0 : (places.at(-1)?.position ?? 0);
    const held = new Map<number, number>();
    for (const { position, id } of places) hold(held, id, position);
    return held;
  }

  #isAt(position: number, id: string): boolean {
    return this.#sql
      .run<Place>("SELECT position, id FROM messages WHERE position = ?", position)
      .some((place) => place.id === id);
  }

  /** Looks from the newest back. */
  #scan(id: string, before = Number.MAX_SAFE_INTEGER): number | undefined {
    const [place] = this.#sql.run<Place>(
      "SELECT position, id FROM messages WHERE position < ? AND id = ? ORDER BY position DESC LIMIT 1",
      before,
      id,
    );
    return place?.position;
  }
}

function hold(held: Map<number, number>, id: string, position: number): void {
  const digest = digestOf(id);
  held.set(digest, Math.max(position, held.get(digest) ?? 0));
}

/** FNV-1a over UTF-16 units, of 30 bits: such numbers are kept in place. */
function digestOf(id: string): number {
  let digest = 0x811c9dc5;
  for (let index = 0; index < id.length; index += 1)
    digest = Math.imul(digest ^ id.charCodeAt(index), 0x01000193);
  return digest >>> 2;
}
