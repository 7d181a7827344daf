/** Runs: adjacent deltas of one part, merged into one event that remembers where it splits. */

import type { SessionEvent } from "./events.ts";
import { deltaOf } from "./events.ts";
import type { WireEvent } from "./frames.ts";

/** How many positions an event takes: one, or as many as the deltas that a run was merged from. */
export function widthOf(event: WireEvent): number {
  return event.splits?.length ?? 1;
}

/** Events with adjacent deltas of the same part merged into runs, in time linear in the number of events. */
export function mergeRuns(events: readonly SessionEvent[]): readonly WireEvent[] {
  const merged: WireEvent[] = [];
  let run: SessionEvent[] = [];
  const close = () => {
    const [first] = run;
    if (first !== undefined) merged.push(run.length === 1 ? first : joinRun(first, run));
    run = [];
  };
  for (const event of events) {
    const last = run.at(-1);
    if (last !== undefined && !continues(last, event)) close();
    run.push(event);
  }
  close();
  return merged;
}

function joinRun(first: SessionEvent, run: readonly SessionEvent[]): WireEvent {
  const texts = run.map((event) => deltaOf(event)?.text ?? "");
  return {
    ...continueRun(first, texts.join("")),
    splits: texts.map((text) => text.length),
  };
}

/** Whether `next` is the next delta of the run that `previous` belongs to. */
export function continues(previous: SessionEvent, next: SessionEvent): boolean {
  const delta = deltaOf(previous);
  if (delta === undefined || previous.type !== next.type) return false;
  return fieldsBesideText(previous, delta.field) === fieldsBesideText(next, delta.field);
}

/** The delta that goes on a run with this text. */
export function continueRun(run: SessionEvent, text: string): SessionEvent {
  const delta = deltaOf(run);
  if (delta === undefined) throw new Error("only a delta can be continued");
  const { splits: _splits, ...event } = run as WireEvent;
  return { ...event, [delta.field]: text };
}

/** The single events that a run was merged from, or the event itself. */
export function splitRun(event: WireEvent): readonly SessionEvent[] {
  const delta = deltaOf(event);
  if (event.splits === undefined || delta === undefined) return [event];
  let start = 0;
  return event.splits.map((length) => {
    const text = delta.text.slice(start, start + length);
    start += length;
    return continueRun(event, text);
  });
}

/** What is left of a run after its first `count` deltas: a reader whose cursor stands inside it gets this. */
export function dropFromRun(event: WireEvent, count: number): WireEvent {
  const delta = deltaOf(event);
  if (count === 0 || event.splits === undefined || delta === undefined) return event;
  const dropped = event.splits.slice(0, count).reduce((sum, length) => sum + length, 0);
  return {
    ...event,
    [delta.field]: delta.text.slice(dropped),
    splits: event.splits.slice(count),
  };
}

/** The first `count` deltas of a run: what comes before `dropFromRun`. */
export function takeFromRun(event: WireEvent, count: number): WireEvent {
  const delta = deltaOf(event);
  if (event.splits === undefined || delta === undefined || count >= event.splits.length)
    return event;
  const splits = event.splits.slice(0, count);
  const taken = splits.reduce((sum, length) => sum + length, 0);
  return { ...event, [delta.field]: delta.text.slice(0, taken), splits };
}

function fieldsBesideText(event: SessionEvent, field: string): string {
  return JSON.stringify({ ...event, [field]: "", splits: undefined });
}
