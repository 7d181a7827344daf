/** Why a relay cannot go on, in words that say what to do. */

import type { RelayEnd } from "./relay-ports.ts";

/** The session has less than it had acknowledged. */
export const lostBySession = (): RelayEnd => ({
  kind: "failed",
  error: new Error(
    "The session lacks events that it had reported safe: it was restored from an older copy. Start the runner with another --state-dir.",
  ),
});

/** The session has more than this process has written. */
export const sharedSpool = (): RelayEnd => ({
  kind: "failed",
  error: new Error(
    "Another runner writes under the same spool: its folder was copied. Start this runner with another --state-dir.",
  ),
});

/** Something was thrown. */
export const failure = (thrown: unknown): RelayEnd => ({
  kind: "failed",
  error: thrown instanceof Error ? thrown : new Error(String(thrown)),
});
