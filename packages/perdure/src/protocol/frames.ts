/**
 * The frames of the wire: JSON text over a WebSocket, one object a frame, told apart by `t`. A frame from the object that
 * is a bare JSON string is the next delta of the run that the last `events` frame ended with (docs/PROTOCOL.md, W6).
 */

import type { Problem } from "./errors.ts";
import type { ApprovalOption, AgentInfo, RunnerEvent, SessionEvent } from "./events.ts";
import type { JsonObject } from "./json.ts";
import type { Message, Part } from "./messages.ts";
import type { Approval, Pause, PlacedMessage, RunnerInfo, SessionState, Turn } from "./state.ts";
import type { Lifecycle } from "./events.ts";
import type { NewTask, Task, TaskPatch } from "./tasks.ts";

/**
 * What a token allows. `viewer` reads; `participant` prompts, cancels, decides, and changes metadata and tasks too; `admin` does
 * everything but run; `runner` writes what an agent says, and reads nothing. `permits` has the whole table.
 */
export type Role = "viewer" | "participant" | "runner" | "admin";

// ---------------------------------------------------------------------------------------------- commands

/** A request to change the session. Sent again with the same `id` it has no second effect and the same reply. */
export type Command =
  | {
      readonly op: "prompt";
      readonly parts: readonly Part[];
      readonly metadata?: JsonObject | undefined;
    }
  | { readonly op: "cancel"; readonly turn?: string | undefined }
  | {
      readonly op: "decide";
      readonly approval: string;
      readonly option: string;
      readonly reason?: string | undefined;
    }
  | {
      readonly op: "set-meta";
      readonly patch: JsonObject;
      /** Whether `patch` is all that is to be there: keys that it has not are deleted. Default: it is merged. */
      readonly replace?: boolean | undefined;
    }
  | { readonly op: "create-task"; readonly task: NewTask }
  | { readonly op: "update-task"; readonly task: string; readonly patch: TaskPatch }
  | { readonly op: "pause" }
  | { readonly op: "resume" }
  | { readonly op: "terminate" }
  /** Looks for a runner once more. */
  | { readonly op: "wake" };

/** What a command that succeeded answers; stored with the command. `position` is that of the event it wrote, or of the log's last. */
export type CommandResult =
  | { readonly turn: string; readonly position: number }
  | { readonly approval: string; readonly option: string; readonly position: number }
  | { readonly task: string; readonly position: number }
  | { readonly position: number };

/** The reply to a command, stored with it and identical each time. */
export type Reply =
  | { readonly ok: true; readonly result: CommandResult }
  | { readonly ok: false; readonly error: Problem };

// ---------------------------------------------------------------------------------------------- readers

/** From a reader to the object. */
export type ClientFrame =
  /** First frame, and again whenever the reader must resynchronize. `after: null` asks for a snapshot. */
  | { readonly t: "hello"; readonly v: number; readonly after: number | null }
  /** The durable position up to which the reader has everything. */
  | { readonly t: "ack"; readonly d: number }
  | { readonly t: "command"; readonly id: string; readonly command: Command };

/** Whether a runner is connected, and which. Not in the log: it is true now or not at all. */
export interface RunnerPresence {
  /** Its claim: a newer one is higher. */
  readonly epoch: number;
  readonly agent: AgentInfo | undefined;
  /** Milliseconds since 1970 when it connected. */
  readonly since: number;
}

/** Somebody who reads the session now, with however many sockets. */
export interface PersonPresence {
  /** The `sub` of their tokens. */
  readonly subject: string;
  /** The strongest of their sockets. */
  readonly role: Role;
  /** Milliseconds since 1970 when the first of their sockets connected. */
  readonly since: number;
}

/** Who is here: at most 50 by name, those who came first before others, and how many in all. */
export interface Presence {
  readonly people: readonly PersonPresence[];
  /** All, also those who are not named. */
  readonly count: number;
}

/** What a session is at one position, without the events before it. */
export interface Snapshot {
  readonly position: number;
  readonly lifecycle: Lifecycle;
  /** Where `lifecycle` is `paused`: by whom. */
  readonly paused: Pause | undefined;
  /** The subject of the owner. */
  readonly createdBy: string;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  /** `at` of the last control event, which is the time that the content after it has. */
  readonly time: number;
  readonly meta: JsonObject;
  /** The newest finished messages, oldest first. */
  readonly messages: readonly PlacedMessage[];
  /** Whether older messages exist: `GET …/messages?before=` has them. */
  readonly hasEarlier: boolean;
  /** Turns that wait. None runs where a snapshot stands. */
  readonly turns: readonly Turn[];
  readonly tasks: readonly Task[];
  readonly runner: RunnerInfo | undefined;
  /** How the last turn ended. */
  readonly lastOutcome: SessionState["lastOutcome"];
}

/** A frame of the object before it is stamped with the incarnation. */
export type Unstamped<Frame> = Frame extends { readonly i: string } ? Omit<Frame, "i"> : never;

/** From the object to a reader. `i` is the object's incarnation: new whenever its memory is. */
export type ServerFrame =
  /** Answer to `hello`. `d` is the durable head, `floor` the last position that retention has passed. */
  | {
      readonly t: "welcome";
      readonly v: number;
      readonly i: string;
      readonly session: string;
      /** Who the reader is to the session: `by` of what it does. */
      readonly subject: string;
      readonly role: Role;
      readonly d: number;
      readonly floor: number;
      readonly now: number;
    }
  /** Replaces all that the reader has. `why`: it asked, its cursor is below the floor, or past the head. */
  | {
      readonly t: "snapshot";
      readonly i: string;
      readonly why: "fresh" | "reset";
      readonly snapshot: Snapshot;
    }
  /** Events from position `p` on, in order; `d` is the durable head. A run of deltas is one event with `splits`. */
  | {
      readonly t: "events";
      readonly i: string;
      readonly p: number;
      readonly d: number;
      readonly e: readonly WireEvent[];
    }
  /** The durable head has advanced. */
  | { readonly t: "head"; readonly i: string; readonly d: number }
  /** The reader has everything up to now; what follows is live. */
  | {
      readonly t: "live";
      readonly i: string;
      readonly d: number;
      readonly runner: RunnerPresence | null;
      /** Who is here; absent where people are not shown to each other. */
      readonly presence?: Presence | undefined;
    }
  /** Somebody came or went. */
  | { readonly t: "presence"; readonly i: string; readonly presence: Presence }
  /** A runner came or went. */
  | { readonly t: "runner"; readonly i: string; readonly runner: RunnerPresence | null }
  | { readonly t: "reply"; readonly i: string; readonly id: string; readonly reply: Reply }
  /** A frame was refused. The link stays open unless a close follows. */
  | {
      readonly t: "error";
      readonly i: string;
      readonly error: Problem;
      readonly id?: string | undefined;
    };

/**
 * An event, or a run of deltas that arrived one by one, merged: the text of all, and `splits`, the length of each in UTF-16
 * units. A run of n deltas takes n positions.
 */
export type WireEvent = SessionEvent & { readonly splits?: readonly number[] };

// ---------------------------------------------------------------------------------------------- runners

/** A command as the runner gets it. `command` is its number: the position that queued it. */
export type RunnerCommand =
  | {
      readonly kind: "prompt";
      readonly command: number;
      readonly turn: string;
      readonly message: Message;
    }
  | {
      readonly kind: "answer";
      readonly command: number;
      readonly turn: string;
      readonly approval: string;
      readonly option: string;
      /** Digest of the question that the decision was made for. */
      readonly digest: string;
    }
  | { readonly kind: "cancel"; readonly command: number; readonly turn: string };

/** From a runner to the object. */
export type RunnerFrame =
  | {
      readonly t: "hello";
      readonly v: number;
      /** Random id of the process: the same for every connection that it makes. */
      readonly process: string;
      /** Id of its spool file. */
      readonly spool: string;
      /** Number of the first event that it still holds, or of the next that it will write. */
      readonly first: number;
      /** The epoch that the process was given, once it has one. */
      readonly epoch?: number | undefined;
      readonly agent?: AgentInfo | undefined;
    }
  /** Events `r`, `r + 1`, … of the spool. */
  | {
      readonly t: "events";
      readonly epoch: number;
      readonly r: number;
      readonly e: readonly RunnerEvent[];
    };

/** From the object to a runner. */
export type RunnerServerFrame =
  | {
      readonly t: "welcome";
      readonly v: number;
      readonly i: string;
      readonly session: string;
      readonly epoch: number;
      /** The last event of this spool that is durable. */
      readonly r: number;
      /** The running turn: a prompt that was begun may be executed only while it is this one. */
      readonly turn: string | null;
      /** The agent's session that was last seen, for a runner whose own state is gone. */
      readonly agentSession: string | null;
    }
  /** All events up to `r` are durable. */
  | { readonly t: "ack"; readonly i: string; readonly r: number; readonly turn: string | null }
  /** The object has `r` and expects the next one: send again from there. */
  | { readonly t: "expect"; readonly i: string; readonly r: number }
  | { readonly t: "command"; readonly i: string; readonly command: RunnerCommand }
  | { readonly t: "error"; readonly i: string; readonly error: Problem };

export type { Approval, ApprovalOption, Turn };
