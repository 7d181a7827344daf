/** What readers are told of a turn that failed, and when it is tried again. */

import { PerdureError } from "../protocol/index.ts";
import type { TurnContext, TurnRetry } from "./turn-context.ts";

/** An error chunk of a stream: the AI SDK's text for readers, which says nothing unless its `onError` does. */
export class StreamedError extends Error {}

/** Everybody who reads the session sees the reason, and a provider's error may hold a key, a URL or a prompt. */
const SAFE_REASON = "The turn failed; the server's log says why.";

/** Longest reason, in UTF-16 units. */
const MAX_REASON_LENGTH = 1_000;

/**
 * The reason of a failed turn: what the user's hook says; else the message of an error that was made for readers; else one
 * that gives nothing away, and the error goes to the console.
 */
export function failureReason(error: unknown, turn: TurnContext, host: ErrorHook): string {
  return (textOf(error, turn, host) ?? SAFE_REASON).slice(0, MAX_REASON_LENGTH);
}

/** The user's hook. */
interface ErrorHook {
  onError(error: unknown, turn: TurnContext): string | undefined;
}

function textOf(error: unknown, turn: TurnContext, host: ErrorHook): string | undefined {
  try {
    const text = host.onError(error, turn);
    if (text !== undefined) return text;
  } catch (fault) {
    console.error("perdure: onTurnError threw", fault);
  }
  if (error instanceof PerdureError || error instanceof StreamedError) return error.message;
  console.error("perdure: a turn failed", error);
  return undefined;
}

/** How long to wait before the attempt after `failures` failures, in milliseconds. */
export function backoffOf({ backoff = {} }: TurnRetry, failures: number): number {
  const { initialMs = 1_000, factor = 2, maxMs = 60_000 } = backoff;
  return Math.min(maxMs, initialMs * factor ** (failures - 1));
}
