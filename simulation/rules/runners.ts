/** Runners end as they should, and the one that is left has handed everything over. */

import { CLOSE } from "../../packages/perdure/src/protocol/index.ts";
import type { SessionEvent } from "../../packages/perdure/src/protocol/index.ts";
import type { RunEnd } from "../../packages/cli/src/runner/run-runner.ts";
import type { Machine } from "../world/machine.ts";
import type { Spools } from "../world/spools.ts";
import type { World } from "../world/world.ts";
import { must, of } from "./common.ts";

/** What may end a runner here: its disk is full, or its agent dies when it starts, or again and again. */
const GOOD_REASONS = /ENOSPC|does not start any more|The agent was|The connection was closed/;

/** N20 N26: what is wrong with the end of a runner. */
export function checkEnd({ name, disk }: Machine, end: RunEnd, spools: Spools): readonly string[] {
  if (end.kind === "failed")
    return GOOD_REASONS.test(end.error.message) ? [] : [`N20 ${name} failed: ${end.error.stack}`];
  if (end.kind !== "closed") return [`N4 ${name} ended: ${JSON.stringify(end)}`];
  if (end.code === CLOSE.terminated) return [];
  if (end.code !== CLOSE.fenced) return [`N4 ${name} was closed with ${end.code} ${end.reason}`];
  const kept = spools.unsent(name);
  return kept === 0 || disk.hasRefused
    ? []
    : [`N26 ${name} lost its claim, and still holds ${kept} events`];
}

/** N14: whether the log says that the answer to a question was begun. */
export function isBegun(log: readonly SessionEvent[], toolCall: string): boolean {
  const question = of(log, "approval.requested").find((one) => one.toolCallId === toolCall);
  const decision = of(log, "approval.decided").find(
    ({ approval }) => approval === question?.approval,
  );
  return of(log, "command.begun").some(({ command }) => command === decision?.position);
}

/** N4 N18 N23 R20: one runner is left; the log has all that it holds, and every reader was told that it is there. */
export function checkRunners({ machines, frames, object, witness, spools }: World): void {
  const running = machines.filter(({ isRunning }) => isRunning);
  const names = running.map(({ name }) => name).join();
  if (witness.state.lifecycle === "terminated")
    must(running.length === 0, `N22 the session is over, and runners run: ${names}`);
  else must(running.length === 1, `N4 these runners run: ${names}`);
  for (const { name } of running)
    must(spools.unsent(name) === 0, `N18 ${name} holds ${spools.unsent(name)} events`);
  object.peek(({ info: { runner } }) => {
    const epoch = running[0]?.runner?.epoch;
    must(runner?.epoch === epoch, `R20 the object says that ${runner?.epoch} runs; it is ${epoch}`);
    frames.checkTold(object.sockets, runner);
  });
}
