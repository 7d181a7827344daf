import type { Process } from "./runtime.ts";

/** Something that will happen. Those of one time happen in the order in which they were asked for. */
export interface ScheduledEvent {
  readonly at: number;
  readonly order: number;
  readonly process: Process | undefined;
  readonly task: () => void;
  isCancelled: boolean;
  /** It happens later, as another event: whoever cancels this one cancels that. */
  moveTo(cancel: () => void): void;
}

/** Events by time: a binary heap. */
export class EventQueue {
  readonly #heap: ScheduledEvent[] = [];
  #order = 0;

  /** The returned function prevents the event. */
  add(at: number, process: Process | undefined, task: () => void): () => void {
    this.#order += 1;
    let cancelMoved: (() => void) | undefined;
    const event: ScheduledEvent = {
      at,
      order: this.#order,
      process,
      task,
      isCancelled: false,
      moveTo: (cancel) => {
        cancelMoved = cancel;
      },
    };
    this.#heap.push(event);
    this.#rise(this.#heap.length - 1);
    return () => {
      event.isCancelled = true;
      cancelMoved?.();
    };
  }

  /** Takes the earliest event that may still happen. */
  next(): ScheduledEvent | undefined {
    for (;;) {
      const first = this.#heap[0];
      const last = this.#heap.pop();
      if (first === undefined || last === undefined) return undefined;
      if (first !== last) {
        this.#heap[0] = last;
        this.#sink(0);
      }
      if (!first.isCancelled && first.process?.isAlive !== false) return first;
    }
  }

  #rise(index: number): void {
    for (let child = index; child > 0;) {
      const parent = (child - 1) >> 1;
      if (!this.#swapIfEarlier(child, parent)) return;
      child = parent;
    }
  }

  #sink(index: number): void {
    for (let parent = index; ;) {
      const [left, right] = [2 * parent + 1, 2 * parent + 2];
      const least = this.#isEarlier(right, left) ? right : left;
      if (!this.#swapIfEarlier(least, parent)) return;
      parent = least;
    }
  }

  #swapIfEarlier(below: number, above: number): boolean {
    if (!this.#isEarlier(below, above)) return false;
    const [low, high] = [this.#heap[below], this.#heap[above]];
    if (low === undefined || high === undefined) return false;
    this.#heap[below] = high;
    this.#heap[above] = low;
    return true;
  }

  #isEarlier(a: number, b: number): boolean {
    const [first, second] = [this.#heap[a], this.#heap[b]];
    if (first === undefined) return false;
    if (second === undefined) return true;
    return first.at < second.at || (first.at === second.at && first.order < second.order);
  }
}
