/** A session that is copied: what it gives away, page by page. It only reads. */

import type { SessionEvent, Task } from "../protocol/index.ts";
import { MAX_PAGE_BYTES, PerdureError, splitRun, takeFromRun, widthOf } from "../protocol/index.ts";
import type { Approvals } from "./approvals.ts";
import type { CopyBase, CopyCursor, CopyHeader, CopyLine, CopyPage } from "./copy-lines.ts";
import type { SessionLog } from "./session-log.ts";

/** Messages or approvals that one query reads: each may be large. */
const ROWS_PER_QUERY = 8;

/** Reads one session. */
export class CopySource {
  readonly #log: SessionLog;
  readonly #approvals: Approvals;

  constructor(log: SessionLog, approvals: Approvals) {
    this.#log = log;
    this.#approvals = approvals;
  }

  /** What a copy up to a position is of; default: the head. Throws `bad_request` for a position that is not in the log. */
  header(at?: number): CopyHeader {
    const { head, floor } = this.#log.log;
    const position = at ?? head;
    if (!Number.isSafeInteger(position) || position < Math.max(floor, 1) || position > head)
      throw new PerdureError(
        "bad_request",
        `A copy ends at a position from ${Math.max(floor, 1)} to ${head}.`,
        { floor, head },
      );
    const base = floor === 0 ? null : this.#base(position);
    return { session: this.#log.id ?? "", position, floor, base };
  }

  /** A page of what the header tells of. */
  page({ floor, position }: CopyHeader, cursor: CopyCursor): CopyPage {
    switch (cursor.kind) {
      case "message": {
        const read = (after: number) =>
          this.#log.projection
            .messagesBetween(after, floor, ROWS_PER_QUERY)
            .map((message) => ({ at: message.position, line: { message } }));
        return pageOf(cursor, read, { kind: "approval", after: 0 });
      }
      case "approval": {
        const read = (after: number) =>
          this.#approvals
            .between(after, floor, ROWS_PER_QUERY)
            .map(({ position: at, record }) => ({ at, line: { position: at, approval: record } }));
        return pageOf(cursor, read, { kind: "event", after: floor });
      }
      case "event":
        return this.#events(position, cursor.after);
    }
  }

  #events(last: number, after: number): CopyPage {
    const { position, events, next } = this.#log.log.read(after);
    const lines: CopyLine[] = [];
    let at = position;
    for (const event of events) {
      if (at > last) break;
      lines.push({ position: at, event: takeFromRun(event, last - at + 1) });
      at += widthOf(event);
    }
    return { lines, next: next < last ? { kind: "event", after: next } : null };
  }

  /**
   * The state at the floor. It is not stored; but what it had and nothing after it tells of is still so now. What was
   * there and changed only after `position` is not known any more, and left out.
   */
  #base(position: number): CopyBase {
    const { state } = this.#log;
    const meta = { ...state.meta };
    let [lifecycle, lastOutcome, tasks] = [state.lifecycle, state.lastOutcome, state.tasks];
    for (const event of this.#eventsAfter(position)) {
      if (event.type === "session.lifecycle") lifecycle = "active";
      if (event.type === "turn.ended") lastOutcome = undefined;
      if (event.type === "session.meta")
        for (const key of Object.keys(event.patch)) delete meta[key];
      if (event.type === "tasks.changed") tasks = tasks.filter(({ source }) => source !== "plan");
      if (event.type === "task.changed") tasks = without(tasks, event.task);
    }
    return { lifecycle, lastOutcome, meta, tasks };
  }

  *#eventsAfter(position: number): Generator<SessionEvent> {
    for (let after = position; after < this.#log.log.head;) {
      const page = this.#log.log.read(after);
      for (const event of page.events) yield* splitRun(event);
      after = page.next;
    }
  }
}

/** Reads rows until a page is full; then, or behind the last, says where to go on. */
function pageOf(
  { kind, after }: CopyCursor,
  read: (after: number) => readonly { readonly at: number; readonly line: CopyLine }[],
  then: CopyCursor,
): CopyPage {
  const lines: CopyLine[] = [];
  let length = 0;
  for (let last = after; ;) {
    const rows = read(last);
    for (const { at, line } of rows) {
      lines.push(line);
      length += JSON.stringify(line).length;
      last = at;
      if (length >= MAX_PAGE_BYTES) return { lines, next: { kind, after: last } };
    }
    if (rows.length < ROWS_PER_QUERY) return { lines, next: then };
  }
}

const without = (tasks: readonly Task[], { id }: Task) =>
  tasks.filter((task) => task.source !== "app" || task.id !== id);
