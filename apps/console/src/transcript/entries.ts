/** What each line of a transcript is. */

import type { SessionMessage } from "perdure/react";
import { textOf, type Turn } from "perdure/protocol";
import type { Memory, Outcome } from "../session/memory.ts";

/** One line of the transcript. `key` stays the same while a message is written and finished. */
export type Entry =
  | {
      readonly kind: "message";
      readonly key: string;
      readonly message: SessionMessage;
      /** The turn of a prompt that waits for its start. */
      readonly queued: string | undefined;
    }
  | { readonly kind: "outcome"; readonly key: string; readonly outcome: Outcome }
  /** Where the running turn goes on: below what it has said, above the prompts that wait. */
  | { readonly kind: "running"; readonly key: string; readonly turn: Turn }
  | { readonly kind: "sending"; readonly key: string; readonly text: string };

/** What a transcript is made of. */
export interface TranscriptSource {
  /** In reading order, each turn's together. */
  readonly messages: readonly SessionMessage[];
  readonly turns: readonly Turn[];
  readonly outcomes: Memory["outcomes"];
}

/** The lines in reading order. Each turn stands where its prompt does; how it ended, or that it runs, stands below it. */
export function transcriptOf({ messages, turns, outcomes }: TranscriptSource): readonly Entry[] {
  const queued = new Set(turns.filter((turn) => turn.state === "queued").map((turn) => turn.id));
  const running = turns.find((turn) => turn.state !== "queued");
  return messages.flatMap((message, index): readonly Entry[] => {
    const line = lineOf(message, queued);
    const { turn } = message;
    if (turn === undefined || messages[index + 1]?.turn === turn) return [line];
    if (running?.id === turn) return [line, { kind: "running", key: "running", turn: running }];
    const outcome = outcomes.get(turn);
    return outcome === undefined || outcome.outcome === "completed"
      ? [line]
      : [line, { kind: "outcome", key: `outcome:${turn}`, outcome }];
  });
}

function lineOf(message: SessionMessage, queued: ReadonlySet<string>): Entry {
  const { id, role, turn, pending } = message;
  const key = `message:${id}`;
  if (pending === true) return { kind: "sending", key, text: textOf(message) };
  const isQueued = role === "user" && turn !== undefined && queued.has(turn);
  return { kind: "message", key, message, queued: isQueued ? turn : undefined };
}
