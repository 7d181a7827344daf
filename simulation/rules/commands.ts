/** A command has one answer and one effect, and a refused one has none. */

import { ERROR_STATUS, permits } from "../../packages/perdure/src/protocol/index.ts";
import type { SessionEvent } from "../../packages/perdure/src/protocol/index.ts";
import type { Answer } from "../world/page.ts";
import type { AnsweredRequest, Request } from "../world/requests.ts";
import type { World } from "../world/world.ts";
import { alike, must, of, same } from "./common.ts";

/** C1 to C5, C9, C11, C12 and T9: what was answered is what happened. */
export function checkAnswersToCommands(
  { requests, creations, frames }: World,
  log: readonly SessionEvent[],
): void {
  frames.commands.check(log, requests.posted);
  for (const request of requests.all) checkRequest(request, log);
  checkIds(requests.all);
  checkPositions(requests.all);
  must(of(log, "session.created").length === 1, "T9 the session was created twice");
  for (const { by, outcome } of creations)
    must(
      outcome === (by === "owner" ? "created: false" : "session_exists"),
      `T9 ${by} created the session again: ${outcome}`,
    );
}

function checkRequest(request: AnsweredRequest, log: readonly SessionEvent[]): void {
  const { label, id, command, by, answers } = request;
  const lasting = answers.filter((answer) => answer.ok || isLasting(answer));
  for (const answer of lasting)
    must(same(answer, lasting[0]), `C1 ${label} got different answers: ${JSON.stringify(answers)}`);
  for (const answer of answers) {
    if (!permits(by.role, command.op))
      must(codeOf(answer) === "forbidden", `C9 ${by.role} may not ${command.op}: ${label}`);
    else if (id !== undefined && /^[0-9a-f]{8}-[0-9a-f]{4}-7/.test(id))
      must(codeOf(answer) === "command_expired", `C5 ${label} is from long ago, and was answered`);
    if (!answer.ok) continue;
    const { position } = answer.result;
    const event = log[position - 1];
    must(
      event !== undefined && (isEffect(request, event) || isInForce(command, log, position)),
      `C3 ${label} was accepted with ${answer.result.position}, which is ${JSON.stringify(event)}`,
    );
  }
  const effects = log.filter((event) => isNamed(request, event)).length;
  must(effects <= 1, `C1 ${label} had its effect ${effects} times`);
  const isRefused = lasting.length === 0 && answers.length > 0;
  must(
    effects === 0 || !(isRefused || lasting.some(({ ok }) => !ok)),
    `C12 ${label} was refused, and had its effect`,
  );
}

/** C2: of commands that differ and have the same id one was taken. */
function checkIds(requests: readonly AnsweredRequest[]): void {
  const taken = new Map<string, Request>();
  for (const request of requests) {
    const id = request.id ?? (request.command.op === "prompt" ? request.label : undefined);
    if (id === undefined) continue;
    const { answers } = request;
    if (!answers.some((answer) => answer.ok || codeOf(answer) === "session_terminated")) continue;
    const first = taken.get(id) ?? request;
    taken.set(id, first);
    must(
      first.by.subject === request.by.subject && alike(first.command, request.command),
      `C2 ${first.label} and ${request.label} have the id ${id}, and both were taken`,
    );
  }
}

/** C1: no two requests were answered with the same effect. */
function checkPositions(requests: readonly AnsweredRequest[]): void {
  const labels = new Map<number, string>();
  for (const { label, id = label, command, answers } of requests)
    for (const answer of answers) {
      // What was in force already is answered with where the log stood.
      if (!answer.ok || command.op === "pause" || command.op === "resume") continue;
      const { position } = answer.result;
      // Two requests of one id that were both taken are one command: that is C2's matter.
      const first = labels.get(position) ?? id;
      labels.set(position, first);
      must(first === id, `C1 ${first} and ${id} were both answered with ${position}`);
    }
}

/** Whether an event is what a request asked for. */
function isEffect({ label, id, command, by }: Request, event: SessionEvent): boolean {
  switch (command.op) {
    case "prompt":
      return (
        event.type === "turn.queued" && event.turn === (id ?? label) && event.by === by.subject
      );
    case "cancel":
      return (
        event.type === "turn.cancelling" ||
        (event.type === "turn.ended" && event.outcome === "cancelled")
      );
    case "decide":
      return (
        event.type === "approval.decided" &&
        event.approval === command.approval &&
        event.option === command.option &&
        event.reason === label &&
        event.by === by.subject
      );
    case "set-meta":
      return event.type === "session.meta" && same(event.patch, command.patch);
    case "create-task":
      return event.type === "task.changed" && event.task.id === (command.task.id ?? id ?? label);
    case "update-task":
      return event.type === "task.changed" && event.task.id === command.task;
    case "pause":
      return event.type === "session.lifecycle" && event.state === "paused";
    case "resume":
      return event.type === "session.lifecycle" && event.state === "active";
    case "terminate":
      return event.type === "session.lifecycle" && event.state === "terminated";
    case "wake":
      return event.type === "runner.waking" && event.why === "asked";
  }
}

/** T20: whether a session was paused, or not, already where it was asked to be. */
function isInForce(
  { op }: Request["command"],
  log: readonly SessionEvent[],
  position: number,
): boolean {
  const moves = of(log.slice(0, position), "session.lifecycle");
  const isPaused = moves.at(-1)?.state === "paused";
  return (op === "pause" && isPaused) || (op === "resume" && !isPaused);
}

/** Whether an event is the effect of this request and could be of no other. */
function isNamed(request: Request, event: SessionEvent): boolean {
  const { op } = request.command;
  return (op === "prompt" || op === "decide" || op === "set-meta") && isEffect(request, event);
}

const codeOf = (answer: Answer) => (answer.ok ? undefined : answer.problem.code);

/** C4: whether the same id gets the same answer for ever. */
function isLasting(answer: Answer): boolean {
  return !answer.ok && [404, 409, 410].includes(ERROR_STATUS[answer.problem.code]);
}
