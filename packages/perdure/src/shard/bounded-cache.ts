/** What was used last of what can be had again: bounded by weight. */
export class BoundedCache<Value> {
  readonly #limit: number;
  readonly #weightOf: (value: Value) => number;
  readonly #values = new Map<number, Value>();
  #weight = 0;

  /** @param limit Most weight that is held. */
  constructor(limit: number, weightOf: (value: Value) => number) {
    this.#limit = limit;
    this.#weightOf = weightOf;
  }

  get(id: number): Value | undefined {
    return this.#values.get(id);
  }

  set(id: number, value: Value): void {
    this.delete(id);
    this.#values.set(id, value);
    this.#weight += this.#weightOf(value);
    for (const oldest of this.#values.keys()) {
      if (this.#weight <= this.#limit) return;
      this.delete(oldest);
    }
  }

  delete(id: number): void {
    const value = this.#values.get(id);
    if (value === undefined) return;
    this.#weight -= this.#weightOf(value);
    this.#values.delete(id);
  }
}
