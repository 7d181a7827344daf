/** Approvals as durable records of any age. What is open now is in the state; this is the history, and the single use. */

import type { ContentStore } from "../log/index.ts";
import type { Sql, SqlRow } from "../object/index.ts";
import { canonicalJson, digestOf } from "../object/index.ts";
import type { ApprovalRequest } from "../protocol/index.ts";
import { inlineOrPut, parseColumn } from "./out-of-line.ts";
import { boundedLimit, takeWithin } from "./page-bounds.ts";
import type { ApprovalFilter, ApprovalPage, ApprovalRecord } from "./rpc.ts";

/**
 * A row of `approvals`. `position` is that of the question; `request` is JSON, or a reference where it is out of line; `approved`
 * is 0 or 1, and `decided_at` milliseconds since 1970, both null until somebody has decided.
 */
export interface ApprovalRow extends SqlRow {
  position: number;
  id: string;
  state: string;
  digest: string;
  request: string;
  option: string | null;
  approved: number | null;
  decided_by: string | null;
  decided_at: number | null;
}

/** What became of an approval after it was asked. */
export type ApprovalState = ApprovalRecord["state"];

/** What a decision holds. */
export interface Decision {
  readonly option: string;
  readonly approved: boolean;
  readonly by: string;
  readonly at: number;
}

/** Where a record is, and what became of it. */
type Place = Pick<ApprovalRow, "position" | "state">;

/** Rows that a page of one state looks at. There is no index on the state: it would bill a row at each change of one. */
const LOOKED_AT = 1_000;

/** What a decision is about: two questions with the same digest are the same question. */
export function approvalDigest(request: Pick<ApprovalRequest, "kind" | "title" | "input">): string {
  const { kind, title, input } = request;
  return digestOf(canonicalJson({ kind, title, input }));
}

/** The table of approvals. */
export class Approvals {
  readonly #sql: Sql;
  readonly #content: ContentStore;

  constructor(sql: Sql, content: ContentStore) {
    this.#sql = sql;
    this.#content = content;
  }

  /** Records a question. Ids are unique in a session; where a runner uses one again, the newest question has it. */
  request(
    position: number,
    request: ApprovalRequest & {
      readonly digest: string;
      readonly at: number;
      readonly epoch: number;
    },
  ): void {
    this.#sql.run(
      "INSERT OR REPLACE INTO approvals (position, id, state, digest, request) VALUES (?, ?, 'pending', ?, ?)",
      position,
      request.approval,
      request.digest,
      inlineOrPut(this.#content, request),
    );
  }

  /** Records an approval of another session as it is there. */
  restore(position: number, record: ApprovalRecord): void {
    const { state, option, approved, by, decidedAt, requestedAt: at, ...request } = record;
    const digest = request.digest ?? approvalDigest(request);
    this.request(position, { ...request, digest, at, epoch: request.epoch ?? 0 });
    if (option !== undefined)
      this.decide(request.approval, {
        option,
        approved: approved ?? false,
        by: by ?? "",
        at: decidedAt ?? at,
      });
    this.move(request.approval, state);
  }

  /** Records after a position up to another, oldest first, at most `limit`. */
  between(
    after: number,
    last: number,
    limit: number,
  ): readonly { readonly position: number; readonly record: ApprovalRecord }[] {
    return this.#sql
      .run<ApprovalRow>(
        "SELECT * FROM approvals WHERE position > ? AND position <= ? ORDER BY position LIMIT ?",
        after,
        last,
        limit,
      )
      .map((row) => ({ position: row.position, record: this.#parse(row) }));
  }

  /** Records a decision. */
  decide(id: string, decision: Decision): void {
    this.#sql.run(
      "UPDATE approvals SET state = 'decided', option = ?, approved = ?, decided_by = ?, decided_at = ? WHERE id = ?",
      decision.option,
      decision.approved ? 1 : 0,
      decision.by,
      decision.at,
      id,
    );
  }

  /** Moves an approval to another state. */
  move(id: string, state: ApprovalState): void {
    this.#sql.run("UPDATE approvals SET state = ? WHERE id = ?", state, id);
  }

  /** One approval; undefined where it was never asked. */
  find(id: string): ApprovalRecord | undefined {
    const [row] = this.#sql.run<ApprovalRow>("SELECT * FROM approvals WHERE id = ?", id);
    return row === undefined ? undefined : this.#parse(row);
  }

  /** The oldest decision on an identical question whose runner died before it took the answer. */
  findOrphanedDecision(digest: string): ApprovalRecord | undefined {
    const [row] = this.#sql.run<ApprovalRow>(
      "SELECT * FROM approvals WHERE state = 'orphaned' AND digest = ? AND option IS NOT NULL ORDER BY position LIMIT 1",
      digest,
    );
    return row === undefined ? undefined : this.#parse(row);
  }

  /** A page, newest first; see `SessionRpc.approvals`. `open` are the ids of those that are in the session's state. */
  page(
    { state, before = Number.MAX_SAFE_INTEGER, limit = 50 }: ApprovalFilter,
    open: readonly string[],
  ): ApprovalPage {
    const most = boundedLimit(limit);
    const isOpen = state === "pending" || state === "decided";
    const looked = isOpen
      ? this.#openBefore(before, open)
      : this.#placesBefore(before, state === undefined ? most + 1 : LOOKED_AT);
    const found = looked.filter((place) => state === undefined || place.state === state);
    const approvals = takeWithin(found.slice(0, most), ({ position }) => this.#at(position));
    if (approvals.length < found.length)
      return { approvals, next: found[approvals.length - 1]?.position ?? null };
    const isMore = !isOpen && looked.length === LOOKED_AT;
    return { approvals, next: isMore ? (looked.at(-1)?.position ?? null) : null };
  }

  /** A decision that was not taken is good for the next process only: this one has started without it. */
  forgetOrphanedDecisions(): void {
    this.#sql.run(
      "UPDATE approvals SET state = 'withdrawn' WHERE state = 'orphaned' AND option IS NOT NULL",
    );
  }

  /** Newest first. */
  #placesBefore(before: number, limit: number): readonly Place[] {
    return this.#sql.run<Place>(
      "SELECT position, state FROM approvals WHERE position < ? ORDER BY position DESC LIMIT ?",
      before,
      limit,
    );
  }

  /** Newest first. */
  #openBefore(before: number, ids: readonly string[]): readonly Place[] {
    return ids
      .flatMap((id) =>
        this.#sql.run<Place>("SELECT position, state FROM approvals WHERE id = ?", id),
      )
      .filter(({ position }) => position < before)
      .toSorted((a, b) => b.position - a.position);
  }

  #at(position: number): ApprovalRecord {
    const [row] = this.#sql.run<ApprovalRow>(
      "SELECT * FROM approvals WHERE position = ?",
      position,
    );
    if (row === undefined) throw new RangeError(`There is no approval at position ${position}.`);
    return this.#parse(row);
  }

  #parse(row: ApprovalRow): ApprovalRecord {
    const { at, ...request } = parseColumn(this.#content, row.request) as ApprovalRequest & {
      at: number;
      epoch: number;
    };
    return {
      ...request,
      requestedAt: at,
      state: row.state as ApprovalState,
      ...(row.option === null ? {} : { option: row.option, approved: row.approved === 1 }),
      ...(row.decided_by === null ? {} : { by: row.decided_by }),
      ...(row.decided_at === null ? {} : { decidedAt: row.decided_at }),
    };
  }
}
