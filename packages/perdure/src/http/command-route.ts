/** Commands over HTTP: an `id` that the sender may choose, and the fields of the command. */

import type { Command, CommandResult, JsonObject } from "../protocol/index.ts";
import { errorOf } from "../protocol/index.ts";
import type { OpenSession } from "./access.ts";
import { commandIdOf, commandOf } from "./body.ts";

/** The body of a command without fields. */
export interface CommandBody {
  /** Sent again under the same id it has one effect and the same answer; without an id each is another command. */
  readonly id?: string | undefined;
}

/** A command and its id. */
export interface SentCommand {
  readonly id: string;
  readonly command: Command;
}

/** What a command answers that concerns a turn. */
export type TurnResult = Extract<CommandResult, { readonly turn: string }>;

/** What a decision answers. */
export type DecisionResult = Extract<CommandResult, { readonly approval: string }>;

/** What a command answers that concerns a task. */
export type TaskResult = Extract<CommandResult, { readonly task: string }>;

/** Reads a command from a body. Throws `bad_request`. */
export function sentCommand(body: JsonObject, command: JsonObject): SentCommand {
  return { id: commandIdOf(body), command: commandOf(command) };
}

/** Executes a command and answers its result. Throws its problem. */
export async function execute<Result extends CommandResult = CommandResult>(
  { call, identity }: OpenSession,
  { id, command }: SentCommand,
): Promise<Result> {
  const reply = await call((stub) => stub.command(identity, id, command));
  if (!reply.ok) throw errorOf(reply.error);
  // Each kind of command has one kind of result.
  return reply.result as Result;
}
