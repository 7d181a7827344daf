/** Time, so that a test can hold it. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Calls `task` once after `delay` milliseconds; the returned function prevents it. */
  after(delay: number, task: () => void): () => void;
}

/** The time of the machine. A pending `after` keeps an object from hibernating, so nothing here waits for long. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after(delay, task) {
    const timer = setTimeout(task, delay);
    return () => clearTimeout(timer);
  },
};
