/** A set of callbacks. One that throws does not keep the others from being called. */
export class Listeners<Arguments extends readonly unknown[]> {
  readonly #callbacks = new Set<(...values: Arguments) => void>();

  /** Adds a callback, once. @returns A function that removes it again. */
  add(callback: (...values: Arguments) => void): () => void {
    this.#callbacks.add(callback);
    return () => void this.#callbacks.delete(callback);
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
