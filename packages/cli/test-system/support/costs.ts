/** What an object has cost since the process began, as the platform counts it. */
export interface Costs {
  read: number;
  written: number;
  /** Calls that move the alarm: a row each. */
  alarms: number;
}

/** What a session has cost, with the list that it has a line in. */
export interface SessionCosts {
  readonly session: Costs;
  readonly list: Costs;
}
