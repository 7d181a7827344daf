/**
 * A session that is being made of another: it takes lines until all are there, and only then is a session. Until then it is
 * only this: what it has so far is in storage, nobody sees it, and it goes on where it stands, also after its memory was lost.
 */

import type { Clock, Migration, Sql, Timers } from "../object/index.ts";
import type { PlacedMessage, SessionEvent } from "../protocol/index.ts";
import { dropFromRun, PerdureError, runningTurn, splitRun, widthOf } from "../protocol/index.ts";
import { approvalDigest, Approvals } from "./approvals.ts";
import type { CopyHeader, CopyLine } from "./copy-lines.ts";
import { TOLD_WITHIN_MS } from "./listing-outbox.ts";
import type { SessionLog } from "./session-log.ts";
import { setTaskTimer } from "./tasks.ts";

/** One row, in a session that is or was a copy: what it is of, and whether it is whole. */
export const COPY_MIGRATIONS: readonly Migration[] = [
  {
    version: 1,
    name: "copy",
    up: "CREATE TABLE copy (id INTEGER PRIMARY KEY CHECK (id = 1), terms TEXT NOT NULL, is_whole INTEGER NOT NULL)",
  },
];

/** The timer that erases a copy which was given up. */
export const COPY_TIMER = "perdure:copy";

/** How long a copy may take, in milliseconds. */
const GIVEN_UP_AFTER_MS = 24 * 60 * 60 * 1000;

/** What is copied, and into what. */
export interface CopyTerms {
  readonly kind: "forked" | "imported";
  readonly header: CopyHeader;
  /** Id of the new session. */
  readonly id: string;
  /** Who makes it, and owns it then. */
  readonly by: string;
  /** Title of the new session; default: that of the other one. */
  readonly title?: string | undefined;
}

/** The terms of the copy that this session is or was; undefined where it was created in its own right. */
export function copyIn(
  sql: Sql,
): { readonly terms: CopyTerms; readonly isWhole: boolean } | undefined {
  const [row] = sql.run<{ terms: string; is_whole: number }>("SELECT terms, is_whole FROM copy");
  return row && { terms: JSON.parse(row.terms) as CopyTerms, isWhole: row.is_whole === 1 };
}

/** Tables that a copy writes before it is whole. */
const TABLES = ["copy", "log", "content", "messages", "approvals", "tasks", "session_meta"];

/** Forgets a copy that is not whole. */
export function dropCopy(sql: Sql): void {
  sql.transaction(() => {
    for (const table of TABLES) sql.run(`DELETE FROM ${table}`);
  });
}

/** Begins a copy where no session is; of one that was not finished nothing stays. */
export function beginCopy(sql: Sql, timers: Timers, clock: Clock, terms: CopyTerms): void {
  sql.transaction(() => {
    dropCopy(sql);
    sql.run("INSERT INTO copy (id, terms, is_whole) VALUES (1, ?, 0)", JSON.stringify(terms));
    timers.set(COPY_TIMER, clock.now() + GIVEN_UP_AFTER_MS);
  });
}

/** A copy under way. Where a method throws, memory and storage may differ: make another one. */
export class SessionCopy {
  readonly terms: CopyTerms;
  readonly #sql: Sql;
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #log: SessionLog;
  readonly #approvals: Approvals;

  constructor(options: {
    readonly terms: CopyTerms;
    readonly sql: Sql;
    readonly clock: Clock;
    readonly timers: Timers;
    readonly log: SessionLog;
  }) {
    this.terms = options.terms;
    this.#sql = options.sql;
    this.#clock = options.clock;
    this.#timers = options.timers;
    this.#log = options.log;
    this.#approvals = new Approvals(this.#sql, this.#log.log.content);
    const { id, header } = this.terms;
    if (this.#log.log.last === 0) this.#log.startFrom(id, header.floor, header.base);
  }

  /** The last position that is here. */
  get received(): number {
    return this.#log.log.last;
  }

  /** Takes lines, in order; what is here already is passed over. Throws `bad_request` where some are missing before them. */
  take(lines: readonly CopyLine[]): void {
    this.#sql.transaction(() => {
      for (const line of lines) this.#take(line);
      this.#log.flush();
    });
  }

  /** All is here: what is open is closed, and from now on this is a session. Throws `bad_request` where something is missing. */
  finish(): void {
    const { header, title, kind, by } = this.terms;
    if (this.received !== header.position)
      throw new PerdureError(
        "bad_request",
        `The copy is not whole: it has ${this.received} of ${header.position} positions.`,
      );
    this.#sql.transaction(() => {
      const at = this.#clock.now();
      this.#closeAll(at);
      // A decision for the runner of the other session is none for a runner of this one.
      this.#approvals.forgetOrphanedDecisions();
      const { session: from, position } = header;
      this.#log.append({ type: `session.${kind}`, from, position, by, at });
      if (title !== undefined) this.#log.append({ type: "session.meta", patch: { title }, by, at });
      this.#log.flush();
      for (const task of this.#log.state.tasks) setTaskTimer(this.#timers, task);
      this.#sql.run("UPDATE copy SET is_whole = 1");
      this.#timers.cancel(COPY_TIMER);
      this.#timers.wakeBy(at + TOLD_WITHIN_MS);
    });
  }

  #take(line: CopyLine): void {
    if ("message" in line) return this.#takeMessage(line.message);
    if ("approval" in line) return this.#approvals.restore(line.position, line.approval);
    const { position, event } = line;
    const known = this.received - position + 1;
    if (known < 0)
      throw new PerdureError(
        "bad_request",
        `Positions ${this.received + 1} to ${position - 1} are missing.`,
      );
    if (position + widthOf(event) - 1 > this.terms.header.position)
      throw new PerdureError("bad_request", "There are positions after the last one.");
    if (known >= widthOf(event)) return;
    for (const one of splitRun(dropFromRun(event, known))) this.#append(one);
  }

  #takeMessage(message: PlacedMessage): void {
    if (message.position > this.terms.header.floor)
      throw new PerdureError("bad_request", "A message is told by the events, and once more.");
    this.#log.projection.addMessage(message);
  }

  /** Keeps the records of approvals as the session kept them, event by event. */
  #append(event: SessionEvent): void {
    const { approvals } = this.#log.state;
    if (event.type === "runner.started") this.#approvals.forgetOrphanedDecisions();
    if (event.type === "command.begun") {
      const answered = approvals.find(({ command }) => command === event.command);
      if (answered !== undefined) this.#approvals.move(answered.approval, "delivered");
    }
    if (event.type === "turn.ended")
      for (const { approval, turn } of approvals)
        if (turn === event.turn) this.#approvals.move(approval, "withdrawn");
    if (event.type === "approval.closed") this.#approvals.move(event.approval, event.why);
    const position = this.#log.append(event);
    if (
      event.type === "approval.requested" &&
      !approvals.some((one) => one.approval === event.approval)
    )
      this.#approvals.request(position, {
        ...event,
        digest: event.digest ?? approvalDigest(event),
        epoch: event.epoch ?? 0,
      });
    if (event.type !== "approval.decided") return;
    this.#approvals.decide(event.approval, event);
    if (event.reuses !== undefined) this.#approvals.move(event.reuses, "consumed");
  }

  /** What the runner of the other session was doing does not go on here. */
  #closeAll(at: number): void {
    const { turns, approvals } = this.#log.state;
    const running = runningTurn(this.#log.state)?.id;
    for (const { approval } of approvals)
      this.#append({ type: "approval.closed", approval, why: "withdrawn", at });
    if (running === undefined && this.#log.state.open !== undefined)
      this.#append({ type: "finish" });
    for (const { id: turn } of turns) {
      const outcome = turn === running ? "interrupted" : "cancelled";
      this.#append({ type: "turn.ended", turn, outcome, at });
    }
  }
}
