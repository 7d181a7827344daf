/** What a turn of the object's own is given, and what it may answer: the public face of `onTurn`. */

import type { Serialized } from "../object/index.ts";
import type { ApprovalOption, Chunk, JsonObject, Message } from "../protocol/index.ts";
import type { TurnMessage } from "./turn-messages.ts";

/**
 * What `onTurn` may return. A stream or iterable of UI message chunks (`result.toUIMessageStream()`), in which a string is
 * more of a text; a `Response`, whose `text/event-stream` is parsed as such a stream and whose other text becomes a text; a
 * string; or nothing.
 */
export type TurnOutput =
  | ReadableStream<Chunk | string>
  | AsyncIterable<Chunk | string>
  | Response
  | string
  | null
  | undefined
  | void;

/** How often a turn is begun, and how long after a failure. */
export interface TurnRetry {
  /** Most times that one turn is begun, the first included. Default 1: a turn that fails or is cut off is over. */
  readonly attempts: number;
  /** The wait before another attempt, in milliseconds: `initialMs` (1,000), times `factor` (2) each, up to `maxMs` (60,000). */
  readonly backoff?: {
    readonly initialMs?: number | undefined;
    readonly factor?: number | undefined;
    readonly maxMs?: number | undefined;
  };
}

/** A question to a person. */
export interface TurnQuestion {
  /** What is asked about, in the application's terms: `payment`, `email`, … */
  readonly kind: string;
  /** One line for the person. */
  readonly title: string;
  /** Exactly what will be done if it is approved, as JSON. The decision is for this and nothing else. */
  readonly input: unknown;
  /** The choices. Default: `allow` (allow_once) and `reject` (reject_once). At least one allows and at least one rejects. */
  readonly options?: readonly ApprovalOption[] | undefined;
  /** The tool call that it belongs to: where a page shows it. */
  readonly toolCallId?: string | undefined;
  /** Milliseconds since 1970 after which it counts as rejected, by `perdure:expiry`. Default: never. */
  readonly expiresAt?: number | undefined;
}

/** What was decided. */
export interface TurnDecision {
  readonly approved: boolean;
  /** The id of the chosen option. */
  readonly option: string;
  /** The subject of whoever decided. */
  readonly by: string;
  readonly reason?: string | undefined;
}

/** A page of what was said before. */
export interface TurnHistory {
  /** Oldest first. The newest page ends with the prompt of this turn. */
  readonly messages: TurnMessage[];
  /** The cursor for the page before; undefined where there is none. */
  readonly before: number | undefined;
}

/** One run of a turn. */
export interface TurnContext {
  /** The turn's id: the id of the command that prompted it. */
  readonly id: string;
  /** What was asked. */
  readonly prompt: Message;
  /** The subject of whoever asked. */
  readonly by: string;
  /** 1, and one more after each failure. A decision that was waited for without memory begins no new attempt. */
  readonly attempt: number;
  /** The session's metadata as it is now. */
  readonly meta: JsonObject;
  /** Aborted when the turn is cancelled or its session terminated. */
  readonly signal: AbortSignal;
  /**
   * The conversation as the AI SDK's `UIMessage`s, oldest first, ending with the prompt: of the newest 50 messages those of
   * turns that have ended. What an earlier attempt of this turn wrote is not in it.
   */
  readonly messages: TurnMessage[];
  /**
   * The same, of up to `limit` messages (1 to 200, default 50); `before` is the cursor that the page after it gave. Reads as
   * many rows as it answers.
   */
  history(limit?: number, before?: number): TurnHistory;
  /**
   * Writes a chunk, or a text of its own, before or beside what `onTurn` returns. Shown when it is durable, after about
   * 200 ms. Throws `bad_request` for what is no UI message chunk and `too_large` above 4 MiB.
   */
  write(chunk: Chunk | string): void;
  /**
   * Asks a person, and waits for as long as it takes: the object may sleep and lose its memory meanwhile, and `onTurn` is
   * then run again from its beginning when somebody has decided. The n-th identical question of a run has the answer of the
   * turn's n-th identical question, so it is asked once; one whose kind, title or input differs is asked anew.
   *
   * Throws `bad_request` for a question that makes no sense. Rejects with the signal's reason when the turn ends.
   */
  approve(question: TurnQuestion): Promise<TurnDecision>;
  /**
   * Runs `work` once in this turn: a later run of the turn gets the result that is stored here, as JSON, before it is answered.
   * Names are unique within a run (`bad_request`). A result of more than 262,144 characters of JSON is `too_large`.
   */
  step<T>(name: string, work: () => T | Promise<T>): Promise<Serialized<T>>;
}
