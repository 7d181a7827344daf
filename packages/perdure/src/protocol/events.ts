/** What a session's log holds: content chunks and a small set of control events. */

import type { Chunk } from "./chunks.ts";
import type { WakingReason } from "./gateway.ts";
import type { JsonObject } from "./json.ts";
import { isChunk } from "./chunks.ts";
import type { Message } from "./messages.ts";
import type { PlanEntry, Task } from "./tasks.ts";

/** The stored lifecycle. Only a command or a timer moves it. */
export type Lifecycle = "initializing" | "active" | "paused" | "terminated";

/** How a turn ended. `interrupted`: a crash cut it off; it is never run again by itself. */
export type TurnOutcome = "completed" | "cancelled" | "failed" | "interrupted";

/** A choice that an approval offers. */
export interface ApprovalOption {
  /** Unique in its question: what a decision names. */
  readonly id: string;
  /** What the person sees. */
  readonly name: string;
  /** What choosing it means; `_always` is for the agent to remember. */
  readonly kind: "allow_once" | "allow_always" | "reject_once" | "reject_always";
}

/** A question that only a person may answer. */
export interface ApprovalRequest {
  /** Unique in the session. */
  readonly approval: string;
  /** The turn that asks. */
  readonly turn: string;
  /** The tool call that waits for it. */
  readonly toolCallId?: string | undefined;
  /** What is asked about, in the agent's terms: `edit`, `execute`, … */
  readonly kind: string;
  /** One line for the person. */
  readonly title: string;
  /** Exactly what will be done, as JSON: the decision is for this and nothing else. */
  readonly input: unknown;
  /** The choices, at least one. */
  readonly options: readonly ApprovalOption[];
  /** SHA-256 of kind, title and canonical input, in hex; computed by the object. */
  readonly digest?: string | undefined;
  /** Milliseconds since 1970 after which it counts as rejected; none by default. */
  readonly expiresAt?: number | undefined;
}

/** The agent behind a runner, as it introduced itself. */
export interface AgentInfo {
  readonly name: string;
  /** Its name for people. */
  readonly title?: string | undefined;
  readonly version?: string | undefined;
}

/**
 * How a runner's process got its agent's context back: there was none (`new`), the agent resumed its session, it loaded it by
 * replay, or the context is lost.
 */
export type Restored = "new" | "resumed" | "loaded" | "lost";

/** Everything that is not content. `at` is milliseconds since 1970; `by` is the subject of a token. */
export type ControlEvent =
  | {
      readonly type: "session.created";
      readonly by: string;
      readonly title?: string | undefined;
      readonly at: number;
    }
  /** All before this was copied from another session, up to a position of its log; `by` owns this one. */
  | {
      readonly type: "session.forked" | "session.imported";
      /** Id of the other session. */
      readonly from: string;
      /** The last position that was copied; those of the copy are the same. */
      readonly position: number;
      readonly by: string;
      readonly at: number;
    }
  | {
      readonly type: "session.lifecycle";
      readonly state: "active" | "paused" | "terminated";
      /** A person, or `perdure` where a timer did it. */
      readonly by: string;
      /** Why a timer did it: nothing happened for long, or the session's time is over. */
      readonly why?: "idle" | "expired" | undefined;
      readonly at: number;
    }
  | {
      readonly type: "session.invited";
      readonly invitation: string;
      readonly role: "viewer" | "participant";
      readonly expiresAt: number;
      /** How many people may accept it; any number where it is not said. */
      readonly uses?: number | undefined;
      readonly by: string;
      readonly at: number;
    }
  | {
      readonly type: "session.joined";
      readonly invitation: string;
      readonly subject: string;
      readonly role: "viewer" | "participant";
      readonly at: number;
    }
  /** A token, all that an invitation gave, or all that a subject had was taken back. */
  | {
      readonly type: "session.revoked";
      readonly token?: string | undefined;
      readonly invitation?: string | undefined;
      readonly subject?: string | undefined;
      readonly by: string;
      readonly at: number;
    }
  | {
      readonly type: "session.meta";
      readonly patch: JsonObject;
      readonly by: string;
      readonly at: number;
    }
  | {
      readonly type: "turn.queued";
      readonly turn: string;
      readonly by: string;
      readonly message: Message;
      readonly at: number;
    }
  | {
      readonly type: "turn.cancelling";
      readonly turn: string;
      readonly by: string;
      readonly at: number;
    }
  /** Its runner has been gone for a minute; it is not ended, because the runner may come back. */
  | { readonly type: "turn.stalled"; readonly turn: string; readonly at: number }
  /** A runner is there again for a turn that had stalled. */
  | { readonly type: "turn.resumed"; readonly turn: string; readonly at: number }
  | {
      readonly type: "turn.ended";
      readonly turn: string;
      readonly outcome: TurnOutcome;
      readonly reason?: string | undefined;
      readonly at: number;
    }
  /** The object runs a turn of its own again, from the beginning: what was being written stays, and is over. */
  | {
      readonly type: "turn.retried";
      readonly turn: string;
      /** The number of the attempt that begins: one more than before, or the same where a decision was waited for. */
      readonly attempt: number;
      /** `evicted`: its memory was lost. `failed`: it threw. `decided`: a question was answered after its memory was lost. */
      readonly why: "evicted" | "failed" | "decided";
      readonly at: number;
    }
  | (ApprovalRequest & {
      readonly type: "approval.requested";
      readonly epoch?: number | undefined;
      readonly at: number;
    })
  | {
      readonly type: "approval.decided";
      readonly approval: string;
      readonly option: string;
      readonly approved: boolean;
      readonly by: string;
      readonly reason?: string | undefined;
      /** The approval of a runner that died, whose decision was applied to this identical question. */
      readonly reuses?: string | undefined;
      readonly at: number;
    }
  | {
      readonly type: "approval.closed";
      readonly approval: string;
      /** `orphaned`: its runner died. `withdrawn`: its turn ended. `expired`: nobody decided in time. */
      readonly why: "orphaned" | "withdrawn" | "expired";
      readonly at: number;
    }
  /** The runner took a command (its number is the position that queued it) and may act once this is durable. */
  | { readonly type: "command.begun"; readonly command: number; readonly at: number }
  | {
      readonly type: "runner.started";
      readonly epoch: number;
      readonly agent: AgentInfo;
      readonly restored: Restored;
      /** The agent's own id of its session: what a later process resumes. */
      readonly agentSession?: string | undefined;
      /** Folder that the agent works in, on the runner's machine; of a repository where `worktree` is one of it. */
      readonly cwd?: string | undefined;
      /** Folder of the git worktree that the agent works in. */
      readonly worktree?: string | undefined;
      readonly at: number;
    }
  /** No runner is there for what waits: the gateway is called, as attempt number `attempt`, at `due`. */
  | {
      readonly type: "runner.waking";
      /** Id of the waking: the `webhook-id` of its calls. */
      readonly waking: string;
      readonly attempt: number;
      readonly of: number;
      readonly why: WakingReason;
      /** Milliseconds since 1970. */
      readonly due: number;
      /** Why the attempt before was in vain. */
      readonly reason?: string | undefined;
      readonly at: number;
    }
  /** No runner could be woken; nothing more is tried until somebody asks for something. */
  | {
      readonly type: "runner.unreachable";
      readonly waking: string;
      readonly reason: string;
      readonly at: number;
    }
  /** The agent's plan, whole. */
  | { readonly type: "tasks.changed"; readonly tasks: readonly Task[]; readonly at: number }
  /** A task of the application as it is now: new, or changed. */
  | {
      readonly type: "task.changed";
      readonly task: Task;
      readonly by: string;
      readonly at: number;
    };

/** One entry of the log. */
export type SessionEvent = ControlEvent | Chunk;

/** The control events that a runner may send; the object writes all others itself. */
export type RunnerControlType =
  | "command.begun"
  | "runner.started"
  | "approval.requested"
  | "approval.closed"
  | "turn.ended"
  | "tasks.changed";

/** What a runner may send: content, and the control events of its own doings. */
export type RunnerEvent =
  | Chunk
  | Extract<ControlEvent, { readonly type: Exclude<RunnerControlType, "tasks.changed"> }>
  | {
      readonly type: "tasks.changed";
      readonly tasks: readonly PlanEntry[];
      readonly at: number;
    };

/** Whether an event of the log is one of ours, and not content: only ours have a dot before any hyphen. */
export function isControl<E extends SessionEvent | RunnerEvent>(
  event: E,
): event is Exclude<E, Chunk> {
  return /^\w+\./.test(event.type);
}

/** Whether an event of the log is content. */
export function isContent(event: SessionEvent): event is Chunk {
  return !isControl(event) && isChunk(event as JsonObject & SessionEvent);
}

/** The text that a delta brings and the field that holds it, or undefined where the event is no delta. */
export function deltaOf(
  event: SessionEvent,
): { readonly field: "delta" | "inputTextDelta"; readonly text: string } | undefined {
  if (event.type === "text-delta" || event.type === "reasoning-delta")
    return { field: "delta", text: event.delta };
  if (event.type === "tool-input-delta")
    return { field: "inputTextDelta", text: event.inputTextDelta };
  return undefined;
}
