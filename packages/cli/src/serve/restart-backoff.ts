const FIRST_DELAY_MS = 250;
const MAX_DELAY_MS = 5_000;

/** A process that ran this long was healthy: its end is the first of its kind. */
const HEALTHY_AFTER_MS = 1_000;

/**
 * How many milliseconds to wait before a process that ended is started again.
 *
 * @param previous The delay before this start of it; undefined where nothing went wrong before.
 * @param healthyFor Milliseconds between its readiness and its end; 0 where it never was ready.
 */
export function restartDelay(previous: number | undefined, healthyFor: number): number {
  if (previous === undefined || healthyFor >= HEALTHY_AFTER_MS) return FIRST_DELAY_MS;
  return Math.min(previous * 2, MAX_DELAY_MS);
}
