/** A set of callbacks. One that throws does not keep the others from being called. */
export class Listeners<Arguments extends readonly unknown[]> {
  readonly #callbacks = new Set<(...values: Arguments) => void>();

  /** @returns A function that removes the callback again. */
  add(callback: (...values: Arguments) => void): () => void {
    // A wrapper, so that the same function added twice is called twice and removed one by one.
    const own = (...values: Arguments) => callback(...values);
    this.#callbacks.add(own);
    return () => void this.#callbacks.delete(own);
  }

  emit(...values: Arguments): void {
    for (const callback of this.#callbacks) {
      try {
        callback(...values);
      } catch (error) {
        // As EventTarget does: the error is the page's to see, and delivery goes on.
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
}
