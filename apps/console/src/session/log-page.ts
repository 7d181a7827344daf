/** A page of the log, for the inspector and for what the session's state has let go. */

import { isObject, type JsonObject, type TurnOutcome } from "perdure/protocol";
import type { Outcome } from "./memory.ts";

/** One event, or one run of deltas. */
export interface EventLine {
  /** Position of the event, or of the first of its run. */
  readonly position: number;
  readonly type: string;
  /** The text of deltas, or whatever else tells the event apart at a glance. */
  readonly text: string;
  readonly event: JsonObject;
}

/** What the inspector knows of the log. */
export interface EventLines {
  /** Newest first. */
  readonly lines: readonly EventLine[];
  readonly head: number | undefined;
  readonly floor: number | undefined;
}

/** The answer of a `GET /v1/sessions/:id/events`. Deltas that follow each other become one line. */
export function parseEvents(answer: JsonObject): EventLines {
  const { events, head, floor } = answer;
  let position = Number(answer["position"] ?? 0);
  const lines: EventLine[] = [];
  for (const event of (Array.isArray(events) ? events : []).filter(isObject)) {
    const line = { position, type: String(event["type"]), text: glance(event), event };
    const last = lines.at(-1);
    if (last !== undefined && isSameRun(last.event, event))
      lines[lines.length - 1] = { ...last, text: last.text + line.text };
    else lines.push(line);
    position += Array.isArray(event["splits"]) ? event["splits"].length : 1;
  }
  return {
    lines: lines.toReversed(),
    head: typeof head === "number" ? head : undefined,
    floor: typeof floor === "number" ? floor : undefined,
  };
}

/** How the turns of a page of events ended. */
export function outcomesOf(page: EventLines): readonly Outcome[] {
  return page.lines.flatMap(({ event }): readonly Outcome[] => {
    const { type, turn, reason } = event;
    const outcome = OUTCOMES.find((one) => one === event["outcome"]);
    if (type !== "turn.ended" || typeof turn !== "string" || outcome === undefined) return [];
    return [{ turn, outcome, reason: typeof reason === "string" ? reason : undefined }];
  });
}

const OUTCOMES: readonly TurnOutcome[] = ["completed", "cancelled", "failed", "interrupted"];

function isSameRun(one: JsonObject, other: JsonObject): boolean {
  return (
    String(one["type"]).endsWith("-delta") &&
    one["type"] === other["type"] &&
    one["id"] === other["id"] &&
    one["toolCallId"] === other["toolCallId"]
  );
}

const TELLING = ["delta", "inputTextDelta", "title", "toolName", "outcome", "option", "turn", "id"];

function glance(event: JsonObject): string {
  const field = TELLING.find((one) => typeof event[one] === "string");
  return field === undefined ? "" : String(event[field]);
}
