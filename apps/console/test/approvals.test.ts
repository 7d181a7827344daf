import {
  EMPTY_STATE,
  reduce,
  type Approval,
  type SessionEvent,
  type ToolPart,
} from "perdure/protocol";
import { expect, test } from "vitest";
import { parseApprovals, verdictOf, type ApprovalView } from "../src/approvals/approval-view.ts";
import { unplacedApprovals } from "../src/approvals/placement.ts";
import { NO_MEMORY, recall, remember } from "../src/session/memory.ts";
import { toolStatusOf } from "../src/transcript/tool-status.ts";

const question: Approval = {
  approval: "q",
  turn: "t",
  toolCallId: "call",
  kind: "edit",
  title: "Edit notes.md",
  input: {},
  options: [
    { id: "yes", name: "Allow once", kind: "allow_once" },
    { id: "no", name: "Reject", kind: "reject_once" },
  ],
  state: "pending",
  requestedAt: 1,
};
const answered: Approval = {
  ...question,
  state: "decided",
  option: "yes",
  approved: true,
  by: "ada",
  decidedAt: 2,
};

function memoryAfter(...steps: readonly (readonly Approval[])[]) {
  let memory = NO_MEMORY;
  let before = EMPTY_STATE;
  for (const approvals of steps) {
    const session = { ...EMPTY_STATE, approvals };
    memory = remember(memory, before, session);
    before = session;
  }
  return memory;
}

test("a decision stays on the page when the runner has taken it", () => {
  expect(memoryAfter([question], [answered], []).approvals.get("q")).toBe(answered);
});

test("a question that goes away without a decision is closed", () => {
  expect(memoryAfter([question], []).approvals.get("q")?.state).toBe("closed");
});

test("a stored decision replaces what the page took for closed, and never a live question", () => {
  const stored: ApprovalView = { ...answered };

  expect(recall(memoryAfter([question], []), [stored]).approvals.get("q")).toBe(stored);
  expect(recall(memoryAfter([question]), [stored]).approvals.get("q")?.state).toBe("pending");
});

test("a state that says nothing new leaves the memory as it is", () => {
  const session = { ...EMPTY_STATE, approvals: [question] };
  const memory = remember(NO_MEMORY, undefined, session);

  expect(remember(memory, session, { ...session, position: 9 })).toBe(memory);
});

test("a verdict names who decided and what", () => {
  expect(verdictOf(answered)).toBe("Allowed by ada: Allow once");
  expect(verdictOf({ ...answered, option: "no", approved: false })).toBe("Rejected by ada: Reject");
  expect(verdictOf({ ...question, state: "closed" })).toBe("Closed without an answer");
});

test("stored records are read with their decision, and what is no record is left out", () => {
  const records = parseApprovals({
    approvals: [
      { ...answered, state: "consumed" },
      { ...question, approval: "w", state: "withdrawn" },
      { approval: 7 },
      null,
    ],
  });

  expect(records.map(({ approval, state, by }) => ({ approval, state, by }))).toEqual([
    { approval: "q", state: "decided", by: "ada" },
    { approval: "w", state: "closed", by: undefined },
  ]);
  expect(parseApprovals({})).toEqual([]);
});

test("a question gets a card of its own only where no tool call on the page shows it", () => {
  const events: SessionEvent[] = [
    { type: "start", messageId: "m" },
    { type: "tool-input-available", toolCallId: "call", toolName: "edit", input: {} },
  ];
  const session = {
    ...events.reduce((state, event, index) => reduce(state, event, index + 1), EMPTY_STATE),
    approvals: [question, { ...question, approval: "alone", toolCallId: undefined }],
  };

  expect(unplacedApprovals(session).map((one) => one.approval)).toEqual(["alone"]);
  expect(unplacedApprovals({ ...session, open: undefined })).toHaveLength(2);
});

const call: ToolPart = { type: "tool-edit", toolCallId: "call", state: "input-available" };

test("a call without a result is stopped once its message is finished", () => {
  expect(toolStatusOf(call, undefined, true)).toBe("running");
  expect(toolStatusOf(call, undefined, false)).toBe("stopped");
});

test("a call waits while its question is open", () => {
  expect(toolStatusOf(call, question, true)).toBe("waiting");
  expect(toolStatusOf(call, answered, true)).toBe("running");
});

test("a call that failed because it was rejected counts as rejected", () => {
  const failed: ToolPart = { ...call, state: "output-error", errorText: "rejected" };

  expect(toolStatusOf(failed, { ...answered, approved: false }, true)).toBe("denied");
  expect(toolStatusOf(failed, undefined, true)).toBe("failed");
});
