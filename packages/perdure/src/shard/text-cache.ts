/** Results that were written last, for whoever subscribes next: bounded by size. */
export class TextCache {
  readonly #units: number;
  readonly #texts = new Map<number, string>();
  #held = 0;

  /** @param units Most UTF-16 units that are held. */
  constructor(units: number) {
    this.#units = units;
  }

  get(id: number): string | undefined {
    return this.#texts.get(id);
  }

  set(id: number, text: string): void {
    this.delete(id);
    this.#texts.set(id, text);
    this.#held += text.length;
    for (const oldest of this.#texts.keys()) {
      if (this.#held <= this.#units) return;
      this.delete(oldest);
    }
  }

  delete(id: number): void {
    this.#held -= this.#texts.get(id)?.length ?? 0;
    this.#texts.delete(id);
  }
}
