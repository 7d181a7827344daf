import type { PersistError } from "./persist-error.ts";
import type { StateLayout } from "./durable-state-store.ts";

/** How a state persists. */
export interface PersistOptions extends StateLayout {
  /** Whether only assignments to keys themselves are seen (true, the default), or changes inside of values, too. */
  readonly shallow?: boolean | undefined;
  /** Whether a value that cannot be kept throws a `PersistError` (true, the default), or goes to `onPersistError`. */
  readonly throwOnError?: boolean | undefined;
}

/**
 * The state of a definition and what of it persists. Without `persistedKeys` nothing does, so nothing can be said then about how:
 * `persistOptions` and `onPersistError` do not compile.
 */
export type StateOptions<State extends object> = {
  /** The values that a state begins with; cloned for each object. */
  readonly state?: State;
} & (
  | {
      /** The keys that are stored, and only these. */
      readonly persistedKeys: readonly (keyof State)[];
      /** How they are. */
      readonly persistOptions?: PersistOptions;
      /** With `throwOnError: false`, hears of each value that was not kept. By default it is logged. */
      readonly onPersistError?: (key: string, error: PersistError) => void;
    }
  | {
      readonly persistedKeys?: undefined;
      readonly persistOptions?: undefined;
      readonly onPersistError?: undefined;
    }
);
