/** A question has one decision, and its agent gets that one. */

import type { SessionEvent } from "../../packages/perdure/src/protocol/index.ts";
import type { World } from "../world/world.ts";
import { alike, must, of } from "./common.ts";

/** A1 A2 A10 A12: one decision for each question, and the agent gets that one, for the input that it was made for. */
export function checkApprovals({ deeds }: World, log: readonly SessionEvent[]): void {
  const requested = of(log, "approval.requested");
  const decided = of(log, "approval.decided");
  must(
    new Set(decided.map(({ approval }) => approval)).size === decided.length,
    "A2 a question was decided twice",
  );
  const answered = deeds.answers.map(({ toolCall }) => toolCall);
  must(new Set(answered).size === answered.length, "A12 an agent was answered twice");
  for (const { toolCall, option, input } of deeds.answers) {
    const request = requested.find(({ toolCallId }) => toolCallId === toolCall);
    const decision = decided.find(({ approval }) => approval === request?.approval);
    must(
      request !== undefined && decision !== undefined,
      `A4 the agent got an answer for ${toolCall} that the log does not have`,
    );
    must(
      decision.option === option,
      `A2 the agent got ${option} for ${toolCall}, the log has ${decision.option}`,
    );
    must(
      JSON.stringify((request.input as { path?: unknown }).path) ===
        JSON.stringify((JSON.parse(input) as { path: string }).path),
      `A1 ${toolCall} was asked with another input`,
    );
    const original =
      decision.reuses === undefined
        ? request
        : requested.find(({ approval }) => approval === decision.reuses);
    must(
      original !== undefined &&
        original.digest === request.digest &&
        alike(original.input, request.input),
      `A11 a decision on another input was applied to ${toolCall}`,
    );
  }
  const reused = decided.flatMap(({ reuses }) => reuses ?? []);
  must(new Set(reused).size === reused.length, "A10 a decision was applied twice");
}
