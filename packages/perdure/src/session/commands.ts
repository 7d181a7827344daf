/** What each command does. Everything is checked before anything is appended. */

import type { Command, CommandResult, Message } from "../protocol/index.ts";
import { MAX_QUEUED_TURNS, PerdureError } from "../protocol/index.ts";
import type { Cancellations } from "./cancellations.ts";
import type { Decisions } from "./decisions.ts";
import type { Lifecycle } from "./lifecycle.ts";
import { titleFrom } from "./listing.ts";
import type { MetaSchema } from "./metadata.ts";
import { isFitting, replacing, setMeta } from "./metadata.ts";
import type { TaskContext } from "./tasks.ts";
import { createTask, updateTask } from "./tasks.ts";
import type { Waking } from "./waking.ts";

/** What a command works on. */
export interface CommandContext extends TaskContext {
  readonly decisions: Decisions;
  readonly waking: Waking;
  readonly lifecycle: Lifecycle;
  readonly cancellations: Cancellations;
  /** What metadata must be. */
  readonly metaSchema: MetaSchema | undefined;
}

/** Executes a command: appends its events. `id` names the turn that a prompt starts. */
export function execute(context: CommandContext, id: string, command: Command): CommandResult {
  const { log, decisions, lifecycle, cancellations, at, by } = context;
  if (log.isOver)
    throw new PerdureError(
      "session_terminated",
      "This session is terminated; it can only be read.",
    );
  switch (command.op) {
    case "prompt":
      return prompt(context, id, command);
    case "cancel":
      return cancellations.cancel(command.turn, by);
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
    case "set-meta": {
      const { patch, replace = false } = command;
      const change = replace ? replacing(log.state.meta, patch) : patch;
      return { position: setMeta(log, context.metaSchema, change, by, at) };
    }
    case "pause":
      return { position: lifecycle.pause(by) };
    case "resume":
      return { position: lifecycle.resume(by) };
    case "terminate":
      return { position: lifecycle.terminate(by) };
    case "wake":
      context.waking.wake();
      return { position: log.state.position };
  }
}

function prompt(
  { log, lifecycle, metaSchema, at, by }: CommandContext,
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
  const { meta } = log.state;
  if (meta["title"] === undefined && title !== "" && isFitting(meta, metaSchema, { title }))
    log.append({ type: "session.meta", patch: { title }, by, at });
  const position = log.append({ type: "turn.queued", turn, by, message, at });
  lifecycle.prompted();
  return { turn, position };
}
