/** A page of the log as lines for the inspector. */

import { isObject, type JsonObject } from "perdure/protocol";

/** One event, or one run of deltas. */
export interface EventLine {
  /** Position of the event, or of the first of its run. */
  readonly position: number;
  readonly type: string;
  /** The text of a delta, or whatever else tells the event apart at a glance. */
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

/** The answer of a `GET /v1/sessions/:id/events`. */
export function parseEvents(answer: JsonObject): EventLines {
  const { events, head, floor } = answer;
  let position = Number(answer["position"] ?? 0);
  const lines = (Array.isArray(events) ? events : []).filter(isObject).map((event): EventLine => {
    const line = { position, type: String(event["type"]), text: glance(event), event };
    position += Array.isArray(event["splits"]) ? event["splits"].length : 1;
    return line;
  });
  return {
    lines: lines.toReversed(),
    head: typeof head === "number" ? head : undefined,
    floor: typeof floor === "number" ? floor : undefined,
  };
}

const TELLING = ["delta", "inputTextDelta", "title", "toolName", "outcome", "option", "turn", "id"];

function glance(event: JsonObject): string {
  const field = TELLING.find((one) => typeof event[one] === "string");
  return field === undefined ? "" : String(event[field]).slice(0, 80);
}
