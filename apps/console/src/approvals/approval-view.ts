/** An approval as the page shows it, from the live state or from the server's records. */

import {
  isObject,
  type Approval,
  type ApprovalOption,
  type ApprovalRequest,
  type JsonObject,
} from "perdure/protocol";

/** A question, and its answer where there is one. */
export interface ApprovalView extends ApprovalRequest {
  readonly state: "pending" | "decided" | "closed";
  /** Id of the option that was chosen. */
  readonly option?: string | undefined;
  readonly approved?: boolean | undefined;
  readonly by?: string | undefined;
  readonly decidedAt?: number | undefined;
}

/** The view of a live approval. */
export function approvalOf(approval: Approval): ApprovalView {
  return approval;
}

/** The approvals of a `GET /v1/sessions/:id/approvals`. What cannot be understood is left out. */
export function parseApprovals(answer: JsonObject): readonly ApprovalView[] {
  const { approvals } = answer;
  return Array.isArray(approvals) ? approvals.flatMap(parseApproval) : [];
}

function parseApproval(value: unknown): readonly ApprovalView[] {
  if (!isObject(value)) return [];
  const { approval, turn, title, approved } = value;
  if (typeof approval !== "string" || typeof turn !== "string") return [];
  return [
    {
      approval,
      turn,
      toolCallId: stringOf(value["toolCallId"]),
      kind: stringOf(value["kind"]) ?? "other",
      title: typeof title === "string" ? title : "Approval",
      input: value["input"],
      options: Array.isArray(value["options"]) ? value["options"].flatMap(parseOption) : [],
      state: stateOf(value),
      option: stringOf(value["option"]),
      approved: typeof approved === "boolean" ? approved : undefined,
      by: stringOf(value["by"]),
      decidedAt: typeof value["decidedAt"] === "number" ? value["decidedAt"] : undefined,
    },
  ];
}

function parseOption(value: unknown): readonly ApprovalOption[] {
  if (!isObject(value)) return [];
  const { id, name, kind } = value;
  if (typeof id !== "string" || typeof name !== "string") return [];
  const known = OPTION_KINDS.find((one) => one === kind) ?? "reject_once";
  return [{ id, name, kind: known }];
}

const OPTION_KINDS: readonly ApprovalOption["kind"][] = [
  "allow_once",
  "allow_always",
  "reject_once",
  "reject_always",
];

function stateOf(record: JsonObject): ApprovalView["state"] {
  if (record["state"] === "pending") return "pending";
  return typeof record["option"] === "string" ? "decided" : "closed";
}

function stringOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

/** What became of an approval that is no longer open, in one sentence. */
export function verdictOf(approval: ApprovalView): string {
  if (approval.state === "closed") return "Closed without an answer";
  const name = approval.options.find((option) => option.id === approval.option)?.name;
  const verdict = approval.approved === true ? "Allowed" : "Rejected";
  const by = approval.by === undefined ? "" : ` by ${approval.by}`;
  return name === undefined ? `${verdict}${by}` : `${verdict}${by}: ${name}`;
}
