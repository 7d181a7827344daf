/** What readers are shown is the log. */

import type { SessionEvent } from "../../packages/perdure/src/protocol/index.ts";
import { EMPTY_STATE, reduce } from "../../packages/perdure/src/protocol/index.ts";
import type { World } from "../world/world.ts";
import { alike, must, same } from "./common.ts";

/** R22: every page has the log. */
export function checkReaders({ pages, object }: World, log: readonly SessionEvent[]): void {
  const state = log.reduce((before, event, index) => reduce(before, event, index + 1), EMPTY_STATE);
  for (const { name, events, from = log.length, session } of pages) {
    events.forEach(({ event }, index) =>
      must(
        same(event, log[from + index]),
        `R22 ${name} has another event at ${from + index + 1}: ${JSON.stringify(event)}, not ${JSON.stringify(log[from + index])}`,
      ),
    );
    must(
      from + events.length === log.length,
      `R22 ${name} was given events up to ${from + events.length} of ${log.length}`,
    );
    must(
      session?.position === log.length,
      `R22 ${name} stands at ${session?.position}, the log at ${log.length}`,
    );
    must(
      alike(session.turns, state.turns) &&
        alike(session.meta, state.meta) &&
        alike(session.tasks, state.tasks),
      `R22 ${name} shows another state than the log's`,
    );
    const shown = session.messages.slice(-10);
    must(
      same(shown, state.messages.slice(-shown.length)),
      `R22 ${name} shows other messages than the log's`,
    );
  }
  object.peek((session) => {
    const stored = session.finished();
    const derived = state.messages.slice(-stored.length).map(({ message }) => message);
    must(
      same(stored, stored.length === 0 ? [] : derived) &&
        stored.length === Math.min(200, state.messages.length),
      "L13 the table of messages differs from the log's",
    );
  });
}
