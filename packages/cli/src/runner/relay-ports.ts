/** What the relay needs of the world: small enough for a simulation to play every part. */

import type { AgentInfo, Message, Restored, RunnerEvent } from "perdure/protocol";

/** One open connection to the session. */
export interface RelayLink {
  /** Sends one text frame. What is sent after the connection was cut goes nowhere. */
  send(frame: string): void;
  /** Drops this connection and dials again. */
  redial(reason: string): void;
}

/** Where events are kept until the session has them. Events are numbered from 1 without a gap. */
export interface RelaySpool {
  /** Changes only with `renew`. */
  readonly id: string;
  /** Number of the first event that is still held, or of the next one where none is. */
  readonly first: number;
  /** Number that the next event will get. */
  readonly next: number;
  /** Bytes of all events that are still held. */
  readonly bytes: number;
  /**
   * Keeps an event and returns its number. When it returns, a crash of this process does not lose the event.
   *
   * @throws Error when it cannot be kept; nothing may be sent then.
   */
  append(event: RunnerEvent): number;
  /** The JSON of the events from `from` on: at least one where there is one, up to both bounds. */
  read(from: number, most: { readonly events: number; readonly bytes: number }): readonly string[];
  /** Drops all events up to `r`. */
  acknowledge(r: number): void;
  /** Whether a `command.begun` of this number was ever kept, also by an earlier process, and not dropped by `renew`. */
  hasBegun(command: number): boolean;
  /**
   * Drops everything and starts again from 1 under a new id. A command whose `command.begun` is dropped was not begun: it has
   * not been acknowledged, so the agent has not been told.
   */
  renew(): void;
}

/** Time, so that a simulation can own it. */
export interface RelayClock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Calls back when what is happening now has happened: later in the same turn of the event loop. */
  soon(callback: () => void): void;
  /** Calls back after this many milliseconds, unless the returned function is called before. */
  after(milliseconds: number, callback: () => void): () => void;
}

/** How the agent came back. */
export interface AgentStart {
  readonly agent: AgentInfo;
  readonly restored: Restored;
  readonly agentSession?: string | undefined;
  /** Folder that it works in; of a repository, where it works in a worktree of that. */
  readonly cwd?: string | undefined;
  readonly worktree?: string | undefined;
}

/** The agent, as the relay drives it. It tells what it does through `Relay.emit`. */
export interface RelayAgent {
  /** How it introduced itself, once it has. */
  readonly info: AgentInfo | undefined;
  /**
   * Gets the agent ready and its context back. Called once, when the session has granted an epoch. Emits nothing.
   *
   * @param epoch Epoch of the claim; part of the ids of approvals.
   * @param agentSession The agent's session that the log names, for a runner whose own state is gone.
   */
  start(epoch: number, agentSession: string | null): Promise<AgentStart>;
  /** Runs a prompt. Emits `turn.ended` of this turn exactly once, whatever happens. */
  prompt(turn: string, message: Message): void;
  /** Answers a question, where it is still open. */
  answer(approval: string, option: string): void;
  /**
   * Asks the agent to stop a turn, where it is still running and was not asked before.
   *
   * @param reason Why, in a sentence, where no person has asked: the turn's end says it.
   */
  cancel(turn: string, reason?: string): void;
  /** Ends a turn as failed at once, whatever the agent does. */
  abandon(turn: string, reason: string): void;
}

/** Why a relay stopped for good. */
export type RelayEnd =
  /** The session closed the connection with a final code (docs/PROTOCOL.md); 4409 means another runner took over. */
  | { readonly kind: "closed"; readonly code: number; readonly reason: string }
  /** This runner and the session disagree about what is safe, the agent does not start, or the spool cannot be written. */
  | { readonly kind: "failed"; readonly error: Error };
