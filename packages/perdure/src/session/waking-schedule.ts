/** How patiently a runner is looked for. All times are in milliseconds. */
export interface WakingSchedule {
  /** How long a runner that drops may take to come back by itself. A link that is cut is dialled again within 10 s. */
  readonly graceMs: number;
  /** Attempts until the session gives up. */
  readonly attempts: number;
  /** The wait after the first attempt that failed is between half of this and all of it; each further one doubles it. */
  readonly firstWaitMs: number;
  /** No wait is longer. */
  readonly longestWaitMs: number;
  /** How long a runner may take from the gateway's word to its hello; the agent may have to be fetched first. */
  readonly helloMs: number;
  /** How long a gateway without room is waited for before the session gives up. */
  readonly patienceMs: number;
}

/** Eight attempts: about three minutes where nobody answers, four where the gateway answers and no runner comes. */
export const WAKING_SCHEDULE: WakingSchedule = {
  graceMs: 15_000,
  attempts: 8,
  firstWaitMs: 2_000,
  longestWaitMs: 60_000,
  helloMs: 30_000,
  patienceMs: 60 * 60 * 1000,
};

/** The wait after attempt number `attempt`; `chance` is from 0 to 1, so that sessions do not all call at the same moment. */
export function waitAfter(schedule: WakingSchedule, attempt: number, chance: number): number {
  const { firstWaitMs, longestWaitMs } = schedule;
  const longest = Math.min(firstWaitMs * 2 ** (attempt - 1), longestWaitMs);
  return Math.round(longest * (0.5 + chance / 2));
}
