/** What each command does. Everything is checked before anything is appended. */

import type { Command, CommandResult, JsonObject, Message } from "../protocol/index.ts";
import {
  MAX_META_BYTES,
  MAX_QUEUED_TURNS,
  mergeMeta,
  PerdureError,
  runningTurn,
} from "../protocol/index.ts";
import type { Decisions } from "./decisions.ts";
import { titleFrom } from "./listing.ts";
import type { SessionLog } from "./session-log.ts";
import type { TaskContext } from "./tasks.ts";
import { createTask, updateTask } from "./tasks.ts";
import type { Waking } from "./waking.ts";

/** What a command works on. */
export interface CommandContext extends TaskContext {
  readonly decisions: Decisions;
  readonly waking: Waking;
}

/** Executes a command: appends its events. `id` names the turn that a prompt starts. */
export function execute(context: CommandContext, id: string, command: Command): CommandResult {
  const { log, decisions, at, by } = context;
  if (log.state.lifecycle === "terminated")
    throw new PerdureError(
      "session_terminated",
      "This session is terminated; it can only be read.",
    );
  switch (command.op) {
    case "prompt":
      return prompt(context, id, command);
    case "cancel":
      return cancel(context, command.turn);
    case "decide": {
      const { approval, option, reason } = command;
      return { approval, option, position: decisions.decide(approval, option, by, reason) };
    }
    case "create-task": {
      const { task, position } = createTask(context, command.task.id ?? id, command.task);
      return { task: task.id, position };
    }
    case "update-task": {
      const { task, position } = updateTask(context, command.task, command.patch);
      return { task: task.id, position };
    }
    case "set-meta":
      return { position: setMeta(log, command.patch, by, at) };
    case "pause":
      return { position: log.append({ type: "session.lifecycle", state: "paused", by, at }) };
    case "resume":
      return { position: log.append({ type: "session.lifecycle", state: "active", by, at }) };
    case "terminate":
      return terminate(context);
    case "wake":
      context.waking.wake();
      return { position: log.state.position };
  }
}

/** Merges metadata shallowly; a null deletes its key. Throws `too_large`. */
export function setMeta(log: SessionLog, patch: JsonObject, by: string, at: number): number {
  const merged = JSON.stringify(mergeMeta(log.state.meta, patch));
  // UTF-8 has at most three bytes for each UTF-16 unit: count exactly only where it matters.
  if (merged.length * 3 > MAX_META_BYTES && utf8Length(merged) > MAX_META_BYTES)
    throw new PerdureError(
      "too_large",
      `All metadata together has at most ${MAX_META_BYTES} bytes.`,
    );
  return log.append({ type: "session.meta", patch, by, at });
}

const utf8Length = (text: string) => new TextEncoder().encode(text).length;

function prompt(
  { log, at, by }: CommandContext,
  turn: string,
  command: Extract<Command, { op: "prompt" }>,
): CommandResult {
  if (log.state.turns.length >= MAX_QUEUED_TURNS)
    throw new PerdureError(
      "too_many_turns",
      `${MAX_QUEUED_TURNS} prompts wait already; cancel some, or wait.`,
    );
  const { parts, metadata } = command;
  const message: Message = {
    id: turn,
    role: "user",
    parts,
    ...(metadata === undefined ? {} : { metadata }),
  };
  const title = titleFrom(message);
  if (log.state.meta["title"] === undefined && title !== "")
    log.append({ type: "session.meta", patch: { title }, by, at });
  return { turn, position: log.append({ type: "turn.queued", turn, by, message, at }) };
}

function cancel({ log, at, by }: CommandContext, wanted: string | undefined): CommandResult {
  const turn = log.state.turns.find((one) => wanted === undefined || one.id === wanted);
  if (turn === undefined)
    throw new PerdureError("turn_not_found", "There is no such open turn; it may have ended.");
  const position =
    turn.state === "queued"
      ? log.append({ type: "turn.ended", turn: turn.id, outcome: "cancelled", at })
      : log.append({ type: "turn.cancelling", turn: turn.id, by, at });
  return { turn: turn.id, position };
}

function terminate({ log, decisions, at, by }: CommandContext): CommandResult {
  const running = runningTurn(log.state);
  for (const { approval } of log.state.approvals) {
    decisions.close(approval, "withdrawn");
    log.append({ type: "approval.closed", approval, why: "withdrawn", at });
  }
  for (const { id } of log.state.turns)
    log.append({
      type: "turn.ended",
      turn: id,
      outcome: id === running?.id ? "interrupted" : "cancelled",
      at,
    });
  return { position: log.append({ type: "session.lifecycle", state: "terminated", by, at }) };
}
