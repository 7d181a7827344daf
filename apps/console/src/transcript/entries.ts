/** The order of a transcript: turn by turn, and what each line of it is. */

import type { PendingCommand } from "perdure/client";
import type { Message, OpenMessage, PlacedMessage, SessionState, Turn } from "perdure/protocol";
import type { Memory, Outcome } from "../session/memory.ts";

/** One line of the transcript. `key` stays the same while a message is written and finished. */
export type Entry =
  | {
      readonly kind: "message";
      readonly key: string;
      readonly message: Message;
      /** Milliseconds since 1970; undefined while it is being written. */
      readonly at: number | undefined;
      readonly isOpen: boolean;
      /** The turn of a prompt that waits for its start. */
      readonly queued: string | undefined;
    }
  | { readonly kind: "outcome"; readonly key: string; readonly outcome: Outcome }
  /** Where the running turn goes on: below what it has said, above the prompts that wait. */
  | { readonly kind: "running"; readonly key: string; readonly turn: Turn }
  | { readonly kind: "sending"; readonly key: string; readonly text: string };

/** What a transcript is made of. */
export interface TranscriptSource {
  readonly messages: readonly PlacedMessage[];
  readonly session: Pick<SessionState, "open" | "turns"> | undefined;
  readonly outcomes: Memory["outcomes"];
  readonly outbox: readonly PendingCommand[];
}

/**
 * The lines in reading order. Each turn stands where its prompt does, with its answers after it, even where another prompt
 * was queued before the answer began. Prompts on their way to the server come last.
 */
export function transcriptOf(source: TranscriptSource): readonly Entry[] {
  const { messages, session, outcomes, outbox } = source;
  const turns = session?.turns ?? [];
  const queued = new Set(turns.filter((turn) => turn.state === "queued").map((turn) => turn.id));
  const running = turns.find((turn) => turn.state !== "queued");
  const groups = groupByTurn(messages, session?.open, running?.id);

  const entries: Entry[] = [];
  for (const { turn, lines } of groups) {
    entries.push(...lines.map((line) => lineEntry(line, queued)));
    const outcome = turn === undefined ? undefined : outcomes.get(turn);
    if (running !== undefined && running.id === turn)
      entries.push({ kind: "running", key: "running", turn: running });
    else if (outcome !== undefined && outcome.outcome !== "completed")
      entries.push({ kind: "outcome", key: `outcome:${outcome.turn}`, outcome });
  }
  return [...entries, ...sendingEntries(outbox, messages)];
}

type Line = { readonly placed: PlacedMessage } | { readonly open: OpenMessage };

interface Group {
  readonly turn: string | undefined;
  readonly lines: Line[];
}

function groupByTurn(
  messages: readonly PlacedMessage[],
  open: OpenMessage | undefined,
  running: string | undefined,
): readonly Group[] {
  const groups: Group[] = [];
  const byTurn = new Map<string, Group>();
  const groupOf = (turn: string | undefined): Group => {
    const known = turn === undefined ? undefined : byTurn.get(turn);
    if (known !== undefined) return known;
    const group = { turn, lines: [] };
    groups.push(group);
    if (turn !== undefined) byTurn.set(turn, group);
    return group;
  };
  for (const placed of messages) groupOf(placed.turn).lines.push({ placed });
  if (open !== undefined) groupOf(running).lines.push({ open });
  else if (running !== undefined) groupOf(running);
  return groups;
}

function lineEntry(line: Line, queued: ReadonlySet<string>): Entry {
  if ("open" in line) {
    const { message, position } = line.open;
    return {
      kind: "message",
      key: `${position}`,
      message,
      at: undefined,
      isOpen: true,
      queued: undefined,
    };
  }
  const { message, position, at, turn } = line.placed;
  const isQueued = message.role === "user" && turn !== undefined && queued.has(turn);
  return {
    kind: "message",
    key: `${position}`,
    message,
    at,
    isOpen: false,
    queued: isQueued ? turn : undefined,
  };
}

/** A prompt may be in the log before its reply is here: then it is shown once. */
function sendingEntries(
  outbox: readonly PendingCommand[],
  messages: readonly PlacedMessage[],
): readonly Entry[] {
  return outbox.flatMap(({ id, command }): readonly Entry[] => {
    if (command.op !== "prompt") return [];
    if (messages.some((one) => one.message.id === id || one.turn === id)) return [];
    const text = command.parts
      .map((part) => ("text" in part && typeof part.text === "string" ? part.text : ""))
      .join("");
    return [{ kind: "sending", key: `sending:${id}`, text }];
  });
}
