/** Approvals as durable records of any age. What is open now is in the state; this is the history, and the single use. */

import type { ContentStore } from "../log/index.ts";
import type { Sql, SqlRow } from "../object/index.ts";
import { canonicalJson, digestOf } from "../object/index.ts";
import type { ApprovalRequest } from "../protocol/index.ts";
import { inlineOrPut, parseColumn } from "./out-of-line.ts";
import type { ApprovalRecord } from "./rpc.ts";

/** A row of `approvals`. `request` is JSON, or a reference where it is out of line. */
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

/** Most records in one answer. */
const MAX_RECORDS = 200;

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

  /** The newest, newest first; all, or those of one state. */
  list(state?: ApprovalState): readonly ApprovalRecord[] {
    const rows =
      state === undefined
        ? this.#sql.run<ApprovalRow>(
            "SELECT * FROM approvals ORDER BY position DESC LIMIT ?",
            MAX_RECORDS,
          )
        : this.#sql.run<ApprovalRow>(
            "SELECT * FROM approvals WHERE state = ? ORDER BY position DESC LIMIT ?",
            state,
            MAX_RECORDS,
          );
    return rows.map((row) => this.#parse(row));
  }

  /** A decision that was not taken is good for the next process only: this one has started without it. */
  forgetOrphanedDecisions(): void {
    this.#sql.run(
      "UPDATE approvals SET state = 'withdrawn' WHERE state = 'orphaned' AND option IS NOT NULL",
    );
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
