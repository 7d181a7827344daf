/** Parsing at the boundary: what comes in is `unknown` until one of these has looked at it. */

import { isChunk } from "./chunks.ts";
import type { ApprovalOption, RunnerEvent } from "./events.ts";
import {
  badFrame,
  integer,
  nameOf,
  oneOf,
  parseId,
  parseJson,
  parseObject,
  string,
} from "./fields.ts";
import type {
  ClientFrame,
  Command,
  RunnerFrame,
  RunnerServerFrame,
  ServerFrame,
} from "./frames.ts";
import type { JsonObject } from "./json.ts";
import { isObject } from "./json.ts";
import type { Part } from "./messages.ts";
import { parseNewTask, parsePlan, parseTaskPatch } from "./parse-tasks.ts";

/** Parses a frame of a reader or participant. Throws `bad_frame`. */
export function parseClientFrame(text: string): ClientFrame {
  const frame = parseObject(text);
  switch (frame["t"]) {
    case "hello": {
      const { after } = frame;
      return {
        t: "hello",
        v: integer(frame, "v"),
        after: after === null ? null : integer(frame, "after"),
      };
    }
    case "ack":
      return { t: "ack", d: integer(frame, "d") };
    case "command":
      return { t: "command", id: parseId(frame["id"]), command: parseCommand(frame["command"]) };
    default:
      throw unknownFrame(frame);
  }
}

/** Parses a frame of a runner. Throws `bad_frame`. */
export function parseRunnerFrame(text: string): RunnerFrame {
  const frame = parseObject(text);
  switch (frame["t"]) {
    case "hello": {
      const epoch = frame["epoch"] === undefined ? undefined : integer(frame, "epoch");
      const agent = frame["agent"] === undefined ? undefined : parseAgent(frame["agent"]);
      return {
        t: "hello",
        v: integer(frame, "v"),
        process: parseId(frame["process"]),
        spool: parseId(frame["spool"]),
        first: integer(frame, "first"),
        ...(epoch === undefined ? {} : { epoch }),
        ...(agent === undefined ? {} : { agent }),
      };
    }
    case "events": {
      const events = frame["e"];
      if (!Array.isArray(events) || events.length === 0)
        throw badFrame("`e` must be a list of one or more events");
      return {
        t: "events",
        epoch: integer(frame, "epoch"),
        r: integer(frame, "r"),
        e: events.map(parseRunnerEvent),
      };
    }
    default:
      throw unknownFrame(frame);
  }
}

const SERVER_FRAMES = new Set([
  "welcome",
  "snapshot",
  "events",
  "head",
  "live",
  "runner",
  "presence",
  "reply",
  "error",
]);
const RUNNER_SERVER_FRAMES = new Set(["welcome", "ack", "expect", "command", "error"]);

/**
 * Parses a frame that the object sent to a reader: an object, or a string where a run goes on. The object is trusted for
 * the contents; a frame of a kind that this version does not know is `undefined`, to be passed over. Throws `bad_frame` for what
 * is no JSON.
 */
export function parseServerFrame(text: string): ServerFrame | string | undefined {
  const value: unknown = parseJson(text);
  if (typeof value === "string") return value;
  if (!isObject(value)) throw badFrame("a frame is a JSON object");
  return SERVER_FRAMES.has(String(value["t"])) ? (value as unknown as ServerFrame) : undefined;
}

/** Parses a frame that the object sent to a runner; `undefined` where this version does not know its kind. Throws `bad_frame` for what is no JSON object. */
export function parseRunnerServerFrame(text: string): RunnerServerFrame | undefined {
  const value = parseObject(text);
  return RUNNER_SERVER_FRAMES.has(String(value["t"]))
    ? (value as unknown as RunnerServerFrame)
    : undefined;
}

/** Parses a command, as a frame or an HTTP body holds it. Throws `bad_frame`. */
export function parseCommand(value: unknown): Command {
  if (!isObject(value)) throw badFrame("`command` must be an object");
  switch (value["op"]) {
    case "prompt": {
      const metadata = value["metadata"];
      if (metadata !== undefined && !isObject(metadata))
        throw badFrame("`metadata` must be an object");
      const parts = parseParts(value["parts"]);
      return metadata === undefined ? { op: "prompt", parts } : { op: "prompt", parts, metadata };
    }
    case "cancel":
      return value["turn"] === undefined
        ? { op: "cancel" }
        : { op: "cancel", turn: parseId(value["turn"]) };
    case "decide": {
      const decision = {
        op: "decide",
        approval: string(value, "approval"),
        option: string(value, "option"),
      } as const;
      return value["reason"] === undefined
        ? decision
        : { ...decision, reason: string(value, "reason") };
    }
    case "set-meta":
      if (!isObject(value["patch"])) throw badFrame("`patch` must be an object");
      if (value["replace"] === undefined) return { op: "set-meta", patch: value["patch"] };
      if (typeof value["replace"] !== "boolean") throw badFrame("`replace` must be true or false");
      return { op: "set-meta", patch: value["patch"], replace: value["replace"] };
    case "create-task":
      return { op: "create-task", task: parseNewTask(value["task"]) };
    case "update-task":
      return {
        op: "update-task",
        task: parseId(value["task"]),
        patch: parseTaskPatch(value["patch"]),
      };
    case "pause":
    case "resume":
    case "terminate":
    case "wake":
      return { op: value["op"] };
    default:
      throw badFrame(`unknown op ${nameOf(value["op"])}`);
  }
}

/** The parts of a prompt: text, files by reference, and data. */
function parseParts(value: unknown): readonly Part[] {
  if (!Array.isArray(value) || value.length === 0)
    throw badFrame("`parts` must be a list of one or more parts");
  return value.map((part: unknown): Part => {
    if (!isObject(part)) throw badFrame("a part is an object");
    const { type } = part;
    if (type === "text") return { ...part, type, text: string(part, "text") };
    if (type === "file")
      return { ...part, type, url: string(part, "url"), mediaType: string(part, "mediaType") };
    if (typeof type === "string" && type.startsWith("data-") && "data" in part)
      return { ...part, type: type as `data-${string}`, data: part["data"] };
    throw badFrame(`a prompt holds text, file and data parts, not ${nameOf(type)}`);
  });
}

function parseRunnerEvent(value: unknown): RunnerEvent {
  if (!isObject(value)) throw badFrame("an event is an object");
  if (isChunk(value)) return value;
  const at = "at" in value ? integer(value, "at") : 0;
  switch (value["type"]) {
    case "command.begun":
      return { type: "command.begun", command: integer(value, "command"), at };
    case "runner.started": {
      const { agentSession, cwd, worktree } = value;
      return {
        type: "runner.started",
        epoch: integer(value, "epoch"),
        agent: parseAgent(value["agent"]),
        restored: oneOf(value, "restored", ["new", "resumed", "loaded", "lost"]),
        ...(agentSession === undefined ? {} : { agentSession: string(value, "agentSession") }),
        ...(cwd === undefined ? {} : { cwd: string(value, "cwd") }),
        ...(worktree === undefined ? {} : { worktree: string(value, "worktree") }),
        at,
      };
    }
    case "approval.requested": {
      const toolCallId =
        value["toolCallId"] === undefined ? undefined : string(value, "toolCallId");
      const expiresAt = value["expiresAt"] === undefined ? undefined : integer(value, "expiresAt");
      return {
        type: "approval.requested",
        approval: parseId(value["approval"]),
        turn: parseId(value["turn"]),
        kind: string(value, "kind"),
        title: string(value, "title"),
        input: value["input"] ?? null,
        options: parseOptions(value["options"]),
        ...(toolCallId === undefined ? {} : { toolCallId }),
        ...(expiresAt === undefined ? {} : { expiresAt }),
        at,
      };
    }
    case "approval.closed":
      return {
        type: "approval.closed",
        approval: parseId(value["approval"]),
        why: oneOf(value, "why", ["orphaned", "withdrawn", "expired"]),
        at,
      };
    case "turn.ended": {
      const reason = value["reason"] === undefined ? undefined : string(value, "reason");
      return {
        type: "turn.ended",
        turn: parseId(value["turn"]),
        outcome: oneOf(value, "outcome", ["completed", "cancelled", "failed", "interrupted"]),
        ...(reason === undefined ? {} : { reason }),
        at,
      };
    }
    case "tasks.changed":
      return { type: "tasks.changed", tasks: parsePlan(value["tasks"]), at };
    default:
      throw badFrame(`a runner may not send an event of type ${nameOf(value["type"])}`);
  }
}

function parseOptions(value: unknown): readonly ApprovalOption[] {
  if (!Array.isArray(value) || value.length === 0)
    throw badFrame("`options` must be a list of one or more options");
  return value.map((option: unknown) => {
    if (!isObject(option)) throw badFrame("an option is an object");
    return {
      id: string(option, "id"),
      name: string(option, "name"),
      kind: oneOf(option, "kind", ["allow_once", "allow_always", "reject_once", "reject_always"]),
    };
  });
}

function parseAgent(value: unknown): { name: string; title?: string; version?: string } {
  if (!isObject(value)) throw badFrame("`agent` must be an object");
  return {
    name: string(value, "name"),
    ...(value["title"] === undefined ? {} : { title: string(value, "title") }),
    ...(value["version"] === undefined ? {} : { version: string(value, "version") }),
  };
}

const unknownFrame = (frame: JsonObject) => badFrame(`unknown \`t\` ${nameOf(frame["t"])}`);
