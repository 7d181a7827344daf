/** Who listens to which event. */

import type { EventOrigin } from "./connection-client-options.ts";

// oxlint-disable-next-line typescript/no-explicit-any -- each listener knows the data of its own event
type Listener = (data: any, origin: EventOrigin) => void;

export class ConnectionListeners {
  /** By event, each with whether it wants the next one alone. */
  readonly #listeners = new Map<string, Map<Listener, boolean>>();

  /** Adds a listener, once. @returns A function that removes it again. */
  add(event: string, listener: Listener, isOnce: boolean): () => void {
    const listeners = this.#listeners.get(event) ?? new Map<Listener, boolean>();
    this.#listeners.set(event, listeners.set(listener, isOnce));
    return () => void listeners.delete(listener);
  }

  /** Removes a listener of an event or, where none is given, all of them. */
  remove(event: string, listener: Listener | undefined): void {
    const listeners = this.#listeners.get(event);
    if (listener === undefined) listeners?.clear();
    else listeners?.delete(listener);
  }

  emit(data: unknown, origin: EventOrigin): void {
    const listeners = this.#listeners.get(origin.event) ?? new Map<Listener, boolean>();
    for (const [listener, isOnce] of listeners) {
      if (isOnce) listeners.delete(listener);
      try {
        listener(data, origin);
      } catch (error) {
        // As EventTarget does: the error is the page's to see, and delivery goes on.
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
}
