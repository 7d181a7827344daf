/** One attempt: decided in the queue, made outside it, and what came of it written down in the queue. */

import type { Clock, CommitQueue } from "../object/index.ts";
import { callGateway } from "./gateway-call.ts";
import type { GatewayPolicy } from "./gateway-policy.ts";
import type { SessionLog } from "./session-log.ts";
import type { Waking } from "./waking.ts";

/** The timer of waking is due: calls the gateway, where that is still called for. Nothing else waits for the answer. */
export async function attemptWaking(options: {
  readonly waking: Waking;
  readonly queue: CommitQueue;
  readonly log: SessionLog;
  readonly policy: GatewayPolicy;
  readonly clock: Clock;
}): Promise<void> {
  const { waking, queue, log, policy, clock } = options;
  const call = await queue.submit(() => {
    const due = waking.due();
    log.flush();
    return due;
  });
  if (call === undefined) return;
  const answer = await callGateway(call, policy, clock);
  await queue.submit(() => {
    waking.answered(call, answer);
    log.flush();
  });
}
