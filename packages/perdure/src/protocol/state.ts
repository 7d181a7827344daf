/**
 * What a session is, computed from its log by one pure function. The object and every client run the same one, so that
 * what is running now is derived everywhere and stored nowhere.
 */

import type { Chunk } from "./chunks.ts";
import type { JsonObject } from "./json.ts";
import type {
  AgentInfo,
  ApprovalRequest,
  ControlEvent,
  Lifecycle,
  Restored,
  SessionEvent,
  TurnOutcome,
} from "./events.ts";
import { isControl } from "./events.ts";
import type { Message } from "./messages.ts";
import type { OpenMessage } from "./message-fold.ts";
import { closeMessage, foldChunk, openMessage } from "./message-fold.ts";
import type { Task } from "./tasks.ts";
import { withPlan, withTask } from "./tasks.ts";

/** A prompt from its queueing to its end. */
export interface Turn {
  /** The id of the command that prompted it. */
  readonly id: string;
  /** The subject of whoever asked. */
  readonly by: string;
  readonly state: "queued" | "running" | "cancelling";
  /** Position of its `turn.queued`: the number under which the runner gets it. */
  readonly command: number;
  /** What was asked. */
  readonly message: Message;
  /** Milliseconds since 1970, as all times here. */
  readonly queuedAt: number;
  readonly begunAt?: number | undefined;
  /** Whether its runner has been gone for a minute. */
  readonly isStalled?: boolean | undefined;
  /** The attempt that is under way, where it is not the first. */
  readonly attempt?: number | undefined;
}

/** An approval and what became of it. */
export interface Approval extends ApprovalRequest {
  /** `decided`: the runner has not taken the decision yet. */
  readonly state: "pending" | "decided";
  /** The claim of the runner that asks. */
  readonly epoch?: number | undefined;
  /** Milliseconds since 1970, as all times here. */
  readonly requestedAt: number;
  /** The id of the chosen option. */
  readonly option?: string | undefined;
  readonly approved?: boolean | undefined;
  /** The subject of whoever decided; `perdure:…` where a timer did. */
  readonly by?: string | undefined;
  readonly reason?: string | undefined;
  readonly decidedAt?: number | undefined;
  /** Position of its `approval.decided`: the number under which the runner gets the answer. */
  readonly command?: number | undefined;
}

/** The runner whose `runner.started` is the last one in the log. Whether it is connected is not in the log. */
export interface RunnerInfo {
  /** Its claim: a newer one is higher. */
  readonly epoch: number;
  readonly agent: AgentInfo;
  readonly restored: Restored;
  /** The agent's own id of its session. */
  readonly agentSession?: string | undefined;
  /** Where the agent works, on the runner's machine. */
  readonly cwd?: string | undefined;
  /** The git worktree that it works in, on the runner's machine. */
  readonly worktree?: string | undefined;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
}

/** How the search for a runner stands: on its way, or given up. */
export type Waking = Extract<
  ControlEvent,
  { readonly type: "runner.waking" | "runner.unreachable" }
>;

/** Who paused the session, and when. `why: "idle"`: a timer did, and the next prompt resumes it. */
export interface Pause {
  /** The subject of a person, or `perdure`. */
  readonly by: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly why?: "idle" | "expired" | undefined;
}

/** A finished message with the log position at which it began, which orders messages. */
export interface PlacedMessage {
  readonly position: number;
  readonly message: Message;
  /** The turn to which it belongs. */
  readonly turn?: string | undefined;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** A session as of one position. */
export interface SessionState {
  readonly position: number;
  readonly lifecycle: Lifecycle;
  /** Where `lifecycle` is `paused`: by whom. */
  readonly paused: Pause | undefined;
  /** The subject of the owner. */
  readonly createdBy: string;
  /** Milliseconds since 1970; 0 before the first event. */
  readonly createdAt: number;
  /** `at` of the last control event: the time that content has. */
  readonly time: number;
  readonly meta: JsonObject;
  /** Finished messages, by position. */
  readonly messages: readonly PlacedMessage[];
  /** The message that is being written. */
  readonly open: OpenMessage | undefined;
  /** Turns that have not ended: at most one runs, and it is the first. */
  readonly turns: readonly Turn[];
  /** How the last turn ended. */
  readonly lastOutcome:
    | { readonly turn: string; readonly outcome: TurnOutcome; readonly reason?: string | undefined }
    | undefined;
  /** Approvals of the running turn that are pending, or decided and not yet taken by the runner. */
  readonly approvals: readonly Approval[];
  /** The agent's plan, then the newest tasks of the application (`MAX_LIVE_TASKS`), as they were created. */
  readonly tasks: readonly Task[];
  readonly runner: RunnerInfo | undefined;
  /** The last attempt to wake a runner, where none has started since. It says nothing where no turn is open. */
  readonly waking?: Waking | undefined;
  /** Positions of commands that the runner has not begun, other than prompts: cancellations. */
  readonly cancels: readonly { readonly command: number; readonly turn: string }[];
}

/** A session before its first event. */
export const EMPTY_STATE: SessionState = {
  position: 0,
  lifecycle: "initializing",
  paused: undefined,
  createdBy: "",
  createdAt: 0,
  time: 0,
  meta: {},
  messages: [],
  open: undefined,
  turns: [],
  lastOutcome: undefined,
  approvals: [],
  tasks: [],
  runner: undefined,
  waking: undefined,
  cancels: [],
};

/** The turn that the agent works on. */
export function runningTurn(state: SessionState): Turn | undefined {
  return state.turns.find((turn) => turn.state !== "queued");
}

/** Whether nothing is open but turns that wait: everything else before is summed up by the finished messages. */
export function isSettled(state: SessionState): boolean {
  return (
    state.turns.every((turn) => turn.state === "queued") &&
    // Whoever waits is told how the search for a runner stands, and only events say it.
    (state.turns.length === 0 || state.waking === undefined) &&
    state.open === undefined &&
    state.approvals.length === 0 &&
    state.cancels.length === 0
  );
}

/** The state after the event at `position`. */
export function reduce(state: SessionState, event: SessionEvent, position: number): SessionState {
  if (isControl(event)) return control({ ...state, position, time: event.at }, event);
  return content({ ...state, position }, event);
}

/**
 * A `finish` ends the message. So does a `start` of another one; a `start` of the same, or without an id, goes on with it, as
 * in streams that are merged of several.
 */
function content(state: SessionState, chunk: Chunk): SessionState {
  const isOther =
    chunk.type === "start" &&
    chunk.messageId !== undefined &&
    chunk.messageId !== state.open?.message.id;
  const before = isOther ? placeOpen(state) : state;
  const open = foldChunk(before.open ?? openMessage(`m${state.position}`, state.position), chunk);
  return chunk.type === "finish" ? placeOpen({ ...before, open }) : { ...before, open };
}

/** Moves the message that is being written to the finished ones. */
function placeOpen(state: SessionState): SessionState {
  if (state.open === undefined) return state;
  const placed = {
    position: state.open.position,
    message: closeMessage(state.open),
    turn: runningTurn(state)?.id,
    at: state.time,
  };
  return { ...state, open: undefined, messages: insert(state.messages, placed) };
}

function control(state: SessionState, event: ControlEvent): SessionState {
  switch (event.type) {
    case "session.created":
      return {
        ...state,
        lifecycle: "active",
        createdBy: event.by,
        createdAt: event.at,
        meta: mergeMeta(state.meta, { title: event.title ?? null }),
      };
    case "session.forked":
    case "session.imported": {
      const { type, by, at } = event;
      // Nobody's runner, and nobody's pause: both were the other session's.
      const life =
        type === "session.forked" ? { lifecycle: "active" as const, paused: undefined } : {};
      return {
        ...state,
        ...life,
        createdBy: by,
        createdAt: at,
        runner: undefined,
        waking: undefined,
      };
    }
    case "session.lifecycle": {
      const { state: lifecycle, by, at, why } = event;
      return { ...state, lifecycle, paused: lifecycle === "paused" ? { by, at, why } : undefined };
    }
    case "session.meta":
      return { ...state, meta: mergeMeta(state.meta, event.patch) };
    case "turn.queued":
      return {
        ...state,
        messages: insert(state.messages, {
          position: state.position,
          message: event.message,
          turn: event.turn,
          at: event.at,
        }),
        turns: [
          ...state.turns,
          {
            id: event.turn,
            by: event.by,
            state: "queued",
            command: state.position,
            message: event.message,
            queuedAt: event.at,
          },
        ],
      };
    case "turn.cancelling":
      if (runningTurn(state)?.id !== event.turn) return state;
      return {
        ...state,
        turns: state.turns.map((turn) =>
          turn.id === event.turn ? { ...turn, state: "cancelling" } : turn,
        ),
        cancels: [...state.cancels, { command: state.position, turn: event.turn }],
      };
    case "turn.stalled":
    case "turn.resumed": {
      const isStalled = event.type === "turn.stalled";
      const turns = state.turns.map((turn) =>
        turn.id === event.turn ? { ...turn, isStalled } : turn,
      );
      return { ...state, turns };
    }
    case "turn.ended":
      return endTurn(state, event);
    case "turn.retried":
      return {
        ...placeOpen(state),
        turns: state.turns.map((turn) =>
          turn.id === event.turn ? { ...turn, attempt: event.attempt } : turn,
        ),
      };
    case "command.begun":
      return begin(state, event);
    case "approval.requested": {
      // A question that was sent twice is one question.
      if (state.approvals.some((open) => open.approval === event.approval)) return state;
      const { type: _type, at, ...request } = event;
      return {
        ...state,
        approvals: [...state.approvals, { ...request, state: "pending", requestedAt: at }],
      };
    }
    case "approval.decided": {
      const { type: _type, at, ...decision } = event;
      return {
        ...state,
        approvals: state.approvals.map((approval) =>
          approval.approval === event.approval && approval.state === "pending"
            ? {
                ...approval,
                ...decision,
                state: "decided",
                decidedAt: at,
                command: state.position,
              }
            : approval,
        ),
      };
    }
    case "approval.closed":
      return {
        ...state,
        approvals: state.approvals.filter((approval) => approval.approval !== event.approval),
      };
    case "runner.started": {
      const { type: _type, at, ...runner } = event;
      // What a process left unfinished outside any turn will not go on.
      return { ...placeOpen(state), runner: { ...runner, startedAt: at }, waking: undefined };
    }
    case "runner.waking":
    case "runner.unreachable":
      return { ...state, waking: event };
    case "tasks.changed":
      return { ...state, tasks: withPlan(state.tasks, event.tasks) };
    case "task.changed":
      return { ...state, tasks: withTask(state.tasks, event.task) };
    default:
      // A control event that a newer object wrote: it takes its position and changes nothing that is known here.
      return state;
  }
}

function begin(
  state: SessionState,
  event: { readonly command: number; readonly at: number },
): SessionState {
  return {
    ...state,
    turns: state.turns.map((turn) =>
      turn.command === event.command && turn.state === "queued" && runningTurn(state) === undefined
        ? { ...turn, state: "running", begunAt: event.at }
        : turn,
    ),
    approvals: state.approvals.filter((approval) => approval.command !== event.command),
    cancels: state.cancels.filter((cancel) => cancel.command !== event.command),
  };
}

function endTurn(
  state: SessionState,
  event: Extract<ControlEvent, { type: "turn.ended" }>,
): SessionState {
  // In the backlog of a process whose turn another one has found interrupted: that end stands.
  if (!state.turns.some(({ id }) => id === event.turn)) return state;
  const { type: _type, at: _at, ...lastOutcome } = event;
  return {
    ...(runningTurn(state)?.id === event.turn ? placeOpen(state) : state),
    turns: state.turns.filter((turn) => turn.id !== event.turn),
    cancels: state.cancels.filter((cancel) => cancel.turn !== event.turn),
    lastOutcome,
    approvals: state.approvals.filter((one) => one.turn !== event.turn),
  };
}

/** Prompts may be queued while a message is being written, so the end of the list is not always the place. */
function insert(
  messages: readonly PlacedMessage[],
  placed: PlacedMessage,
): readonly PlacedMessage[] {
  const index = messages.findLastIndex((one) => one.position < placed.position) + 1;
  return [...messages.slice(0, index), placed, ...messages.slice(index)];
}

/** Merges shallowly; a null deletes its key. */
export function mergeMeta(meta: JsonObject, patch: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries({ ...meta, ...patch }).filter(([, value]) => value !== null),
  );
}
