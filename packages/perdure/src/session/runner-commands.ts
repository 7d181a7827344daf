/** What a runner has still to do, derived from the state. */

import type { RunnerCommand, SessionState } from "../protocol/index.ts";
import { runningTurn } from "../protocol/index.ts";

/** Commands that the log does not say were begun. One prompt at a time: the next is due when the turn before has ended. */
export function pendingCommands(state: SessionState): readonly RunnerCommand[] {
  return [...prompts(state), ...answers(state), ...cancellations(state)].toSorted(
    (a, b) => a.command - b.command,
  );
}

function prompts(state: SessionState): readonly RunnerCommand[] {
  const [first] = state.turns;
  if (first === undefined || runningTurn(state) !== undefined || state.lifecycle !== "active")
    return [];
  return [{ kind: "prompt", command: first.command, turn: first.id, message: first.message }];
}

function answers({ approvals }: SessionState): readonly RunnerCommand[] {
  return approvals.flatMap(({ command, turn, approval, option = "", digest = "" }) =>
    command === undefined ? [] : [{ kind: "answer", command, turn, approval, option, digest }],
  );
}

function cancellations({ cancels }: SessionState): readonly RunnerCommand[] {
  return cancels.map(({ command, turn }) => ({ kind: "cancel", command, turn }));
}
