import { randomUUID } from "node:crypto";
import { join } from "node:path";
import {
  RequestError,
  type PermissionOption,
  type SessionUpdate,
  type ToolCall,
  type ToolCallContent,
} from "@agentclientprotocol/sdk";
import type { ProposedEdit } from "./prompt-directives.ts";
import { appendIfUnchanged, readOrCreate, ScratchFileError } from "./scratch-file.ts";

/** How a proposed edit ended. */
export type EditOutcome =
  | { readonly kind: "edited"; readonly fileName: string }
  | { readonly kind: "rejected"; readonly fileName: string }
  | { readonly kind: "failed"; readonly fileName: string; readonly reason: string }
  /** The person, or the client for them, cancelled the turn instead of answering. */
  | { readonly kind: "cancelled"; readonly fileName: string };

/** The answer to a question about one tool call. */
export type PermissionAnswer = "allow_once" | "allow_always" | "reject_once" | "cancelled";

/** What the edit tool needs of the turn it works in. */
export interface EditToolContext {
  /** The session's folder, absolute. */
  readonly folder: string;
  emit(update: SessionUpdate): Promise<void>;
  /**
   * Asks the person; answers "cancelled" when the turn ends first.
   *
   * @throws RequestError when the client cannot ask.
   */
  askPermission(toolCall: ToolCall, options: PermissionOption[]): Promise<PermissionAnswer>;
}

/** The choices of every question. Each option's id is its kind. */
const PERMISSION_OPTIONS: PermissionOption[] = [
  { optionId: "allow_once", name: "Allow once", kind: "allow_once" },
  { optionId: "allow_always", name: "Always allow in this session", kind: "allow_always" },
  { optionId: "reject_once", name: "Reject", kind: "reject_once" },
];

/**
 * Reads a file, proposes an edit to it, asks, and applies the edit only when it is allowed.
 *
 * The title, kind and raw input of the edit depend on the proposal alone, so that the same prompt, also to another process,
 * asks an identical question; only the tool call's id differs.
 */
export async function readAndEdit(
  context: EditToolContext,
  edit: ProposedEdit,
): Promise<EditOutcome> {
  const { fileName } = edit;
  const oldText = await readFileTool(context, fileName);
  if (oldText instanceof ScratchFileError) {
    return { kind: "failed", fileName, reason: oldText.message };
  }

  const addition = oldText === "" || oldText.endsWith("\n") ? edit.line : `\n${edit.line}`;
  const path = join(context.folder, fileName);
  const toolCall: ToolCall = {
    toolCallId: randomUUID(),
    title: `Edit ${fileName}`,
    kind: "edit",
    status: "pending",
    content: [{ type: "diff", path, oldText, newText: oldText + addition }],
    locations: [{ path }],
    rawInput: { file: fileName, append: edit.line },
  };
  await context.emit({ sessionUpdate: "tool_call", ...toolCall });

  const outcome = await decideAndApply(context, toolCall, async () => {
    await appendIfUnchanged(context.folder, fileName, oldText, addition);
  });
  await context.emit({
    sessionUpdate: "tool_call_update",
    toolCallId: toolCall.toolCallId,
    status: outcome.kind === "edited" ? "completed" : "failed",
    rawOutput: outcome,
  });
  return { ...outcome, fileName };
}

type Decision =
  | { readonly kind: "edited" | "rejected" | "cancelled" }
  | { readonly kind: "failed"; readonly reason: string };

async function decideAndApply(
  context: EditToolContext,
  toolCall: ToolCall,
  apply: () => Promise<void>,
): Promise<Decision> {
  try {
    const answer = await context.askPermission(toolCall, PERMISSION_OPTIONS);
    if (answer === "cancelled") return { kind: "cancelled" };
    if (answer === "reject_once") return { kind: "rejected" };
    await apply();
    return { kind: "edited" };
  } catch (error) {
    if (error instanceof ScratchFileError) return { kind: "failed", reason: error.message };
    if (error instanceof RequestError) {
      return {
        kind: "failed",
        reason: `The client could not ask for permission: ${error.message}`,
      };
    }
    throw error;
  }
}

async function readFileTool(
  context: EditToolContext,
  fileName: string,
): Promise<string | ScratchFileError> {
  const toolCallId = randomUUID();
  await context.emit({
    sessionUpdate: "tool_call",
    toolCallId,
    title: `Read ${fileName}`,
    kind: "read",
    status: "in_progress",
    locations: [{ path: join(context.folder, fileName) }],
    rawInput: { file: fileName },
  });
  let result: string | ScratchFileError;
  try {
    result = await readOrCreate(context.folder, fileName);
  } catch (error) {
    if (!(error instanceof ScratchFileError)) throw error;
    result = error;
  }
  const failed = result instanceof ScratchFileError;
  await context.emit({
    sessionUpdate: "tool_call_update",
    toolCallId,
    status: failed ? "failed" : "completed",
    content: [textContent(result instanceof ScratchFileError ? result.message : result)],
  });
  return result;
}

function textContent(text: string): ToolCallContent {
  return { type: "content", content: { type: "text", text } };
}
