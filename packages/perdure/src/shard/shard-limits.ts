/** Bounds of a shard. */
export interface ShardLimits {
  /** Rows of a query's result. Default: 20,000. */
  readonly resultRows: number;
  /** A result as JSON, in UTF-16 units. Default: 4 Mi. */
  readonly resultUnits: number;
  /** Live queries, those that nobody listens to included: of these the oldest makes room. Default: 10,000. */
  readonly queries: number;
  /** How long a query that nobody listens to is kept for those who come back, in milliseconds. Default: an hour. */
  readonly idleMs: number;
  /** Commits whose changes are kept at least for those who come back; up to twice as many are stored. Default: 500. */
  readonly logCommits: number;
  /** The same as JSON, in UTF-16 units. Default: 1 Mi. */
  readonly logUnits: number;
  /** Changes of one commit that are stored, as JSON in UTF-16 units: a row has at most 2 MB. Default: 500,000. */
  readonly commitUnits: number;
  /** Results that are held in memory for the next subscriber, as JSON in UTF-16 units. Default: 8 Mi. */
  readonly cachedUnits: number;
  /** Rows of results whose digests are held in memory. Default: 200,000. */
  readonly cachedRows: number;
}

/** The bounds of a shard that says nothing else. */
export const SHARD_LIMITS: ShardLimits = {
  resultRows: 20_000,
  resultUnits: 4 * 1024 * 1024,
  queries: 10_000,
  idleMs: 60 * 60 * 1000,
  logCommits: 500,
  logUnits: 1024 * 1024,
  commitUnits: 500_000,
  cachedUnits: 8 * 1024 * 1024,
  cachedRows: 200_000,
};
