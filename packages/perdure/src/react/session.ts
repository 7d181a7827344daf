/** What the hooks take and what they give. */

import type { LinkState, TokenSource } from "../client/index.ts";
import type {
  Approval,
  CommandResult,
  JsonObject,
  Lifecycle,
  Message,
  Part,
  PerdureError,
  Role,
  RunnerPresence,
  Task,
} from "../protocol/index.ts";

/** Where sessions are, and who asks: what a `SessionProvider` gives to all hooks below it. */
export interface SessionDefaults {
  /** Base URL of the server, such as `https://perdure.example`. Default: the page's origin. */
  readonly url?: string | undefined;
  /**
   * Bearer token, for pages without a cookie. A string that changes is another connection; a function is asked before each
   * one, and may be another function in every render.
   */
  readonly token?: TokenSource | undefined;
  /** Whether a session that does not exist is created, where the token may. Default: true. */
  readonly create?: boolean | undefined;
}

/** One session. */
export interface SessionOptions extends SessionDefaults {
  /** Its id: 1 to 64 letters, digits, `_` and `-`. */
  readonly name: string;
}

/**
 * A message as the AI SDK's `UIMessage` (v7) has it, with its place in the session. A finished one is the same object for as
 * long as it is on the page.
 */
export interface SessionMessage extends Message {
  /** The turn that it is part of; a prompt's is the prompt's own id. */
  readonly turn?: string | undefined;
  /** Milliseconds since 1970; undefined while it is being written or sent. */
  readonly at?: number | undefined;
  /** On its way to the session: it will stay under this id, or go, and then `error` says why. */
  readonly pending?: true | undefined;
}

/**
 * What is going on: nothing, a prompt that waits for its turn, a turn that is being worked on, one whose runner has been gone
 * for a minute, or one that waits for a person's decision.
 */
export type SessionStatus = "idle" | "queued" | "running" | "stalled" | "waiting";

/** Somebody who has the session open. */
export interface Person {
  /** The `sub` of their token. */
  readonly subject: string;
  readonly role: Role;
  /** Milliseconds since 1970 when they came. */
  readonly since: number;
}

/** Who is there, as last heard: it says nothing of now unless `link` is `live`. */
export interface Presence {
  /** The process that works on the session's turns; null where none is connected. */
  readonly runner: RunnerPresence | null;
  readonly people: readonly Person[];
}

/** A change of metadata: null deletes a key. */
export type MetaPatch<State extends object> = {
  readonly [K in keyof State]?: State[K] | null;
};

/** What is known of a session. Parts that did not change are the same objects as before. */
export interface SessionView<State extends object = JsonObject> {
  /** Its id. */
  readonly name: string;
  /**
   * Oldest first, each turn's prompt with its answers after it; then the prompts that are on their way. The newest 50 at
   * first, and all since; `loadEarlier` brings older ones.
   */
  readonly messages: readonly SessionMessage[];
  /** Whether messages exist that are older than the first. */
  readonly hasEarlier: boolean;
  readonly status: SessionStatus;
  /** Questions that wait for a decision, oldest first. */
  readonly approvals: readonly Approval[];
  /** The agent's plan, then the newest 200 tasks of the application, as they were created. */
  readonly tasks: readonly Task[];
  /** The session's metadata. Partial: nothing is known before the first connection, and anybody may delete a key. */
  readonly meta: Readonly<Partial<State>>;
  readonly lifecycle: Lifecycle;
  readonly presence: Presence;
  /** The link to the server; what is shown stays while it is down. */
  readonly link: LinkState;
  /** Why the link is closed for good; otherwise why the last command was refused, until the next one is given. */
  readonly error: PerdureError | undefined;
  /** What the server lets this page do; undefined before the first connection. */
  readonly role: Role | undefined;
  /** Who this page is to the session: `by` of what it does. Undefined before the first connection. */
  readonly subject: string | undefined;
}

/**
 * What one may ask of a session. The functions stay the same from render to render, and may be passed on alone.
 *
 * Each promise settles when the session answers, however many connections that takes; the connection stays open until
 * then, also where the component is gone. It rejects with a `PerdureError`, which `error` has too: who shows that need not
 * wait for the promise.
 */
export interface SessionActions<State extends object = JsonObject> {
  /**
   * Sends a prompt, which is among `messages` at once. Text becomes one text part.
   *
   * @param options.id An id of one's own makes the prompt safe to repeat after a rejection: it has one effect.
   * @returns The turn it began and the position of its `turn.queued`.
   */
  readonly send: (
    prompt: string | readonly Part[],
    options?: { readonly id?: string; readonly metadata?: JsonObject },
  ) => Promise<{ readonly turn: string; readonly position: number }>;
  /** Cancels a turn; without an id the oldest open one. `turn_not_found` where it has ended, or there is none. */
  readonly cancel: (turn?: string) => Promise<CommandResult>;
  /** Decides an approval by choosing one of its options. `already_decided` if another was first. */
  readonly approve: (approval: string, option: string, reason?: string) => Promise<CommandResult>;
  /** Merges into the metadata, shallowly; null deletes a key. `bad_request` with `extra.issues` where it does not fit the class's schema. */
  readonly setMeta: (patch: MetaPatch<State>) => Promise<CommandResult>;
  /** Pauses the session: prompts wait until `resume`. */
  readonly pause: () => Promise<CommandResult>;
  /** Resumes a paused session. */
  readonly resume: () => Promise<CommandResult>;
  /** Ends the session for good. */
  readonly terminate: () => Promise<CommandResult>;
  /** Puts the 50 messages before the first one in front of it. Rejects with a `PerdureError`, which is not in `error`. */
  readonly loadEarlier: () => Promise<void>;
  /** Connects at once: without waiting for the next attempt, or anew after the link was closed for good. */
  readonly reconnect: () => void;
}

/**
 * A session, live: what is known of it and what one may ask of it.
 *
 * @template State The shape of its metadata.
 */
export interface Session<State extends object = JsonObject>
  extends SessionView<State>, SessionActions<State> {}
