import type { Mutation } from "./mutation.ts";

const APPROVALS = "packages/perdure/src/session/approvals.ts";
const LIFECYCLE = "packages/perdure/src/session/lifecycle.ts";
const DECISIONS = "packages/perdure/src/session/decisions.ts";
const RELAY = "packages/perdure/src/session/relay.ts";
const RUNNER_COMMANDS = "packages/perdure/src/session/runner-commands.ts";

/** Approvals: rules of section A. */
export const APPROVAL_MUTATIONS: readonly Mutation[] = [
  {
    id: "A1",
    does: "digests the input in the order of its keys",
    file: APPROVALS,
    find: "digestOf(canonicalJson({ kind, title, input }))",
    replace: "digestOf(JSON.stringify({ input, kind, title }))",
  },
  {
    id: "A2",
    does: "lets a second decision replace the first",
    file: DECISIONS,
    find: 'if (open?.state === "pending") return open;',
    replace: "if (open !== undefined) return open;",
  },
  {
    id: "A2b",
    does: "tells who was too late nothing of who won",
    file: DECISIONS,
    find: "          option: record.option,\n          by: record.by,",
    replace: "          option: record.option,",
  },
  {
    id: "A3",
    seed: 36,
    does: "takes the first option for one that was not offered",
    file: DECISIONS,
    find: "const chosen = approval.options.find((one) => one.id === option);",
    replace:
      "const chosen = approval.options.find((one) => one.id === option) ?? approval.options[0];",
  },
  {
    id: "A4",
    does: "decides without a record",
    file: DECISIONS,
    find: "this.#approvals.decide(id, { option, approved, by, at });",
    replace: "",
  },
  {
    id: "A4b",
    does: "does not tell the runner of a decision",
    file: RUNNER_COMMANDS,
    find: "command === undefined ? [] :",
    replace: "command === undefined || approval !== undefined ? [] :",
  },
  {
    id: "A5",
    does: "says of every closed question that it was withdrawn",
    file: DECISIONS,
    find: "throw closed(record.state);",
    replace: 'throw closed("withdrawn");',
  },
  {
    id: "A6",
    does: "approves whatever is chosen",
    file: DECISIONS,
    find: 'chosen.kind.startsWith("allow")',
    replace: "chosen.kind.length > 0",
  },
  {
    id: "A8",
    seed: 76,
    does: "ends the session, and keeps its questions open",
    file: LIFECYCLE,
    find: '      this.#decisions.close(approval, "withdrawn");\n',
    replace: "",
  },
  {
    id: "A9",
    does: "leaves the questions of a process that is gone",
    file: RELAY,
    find: '      this.#log.append({ type: "approval.closed", approval, why: "orphaned", at });\n',
    replace: "",
  },
  {
    id: "A9b",
    does: "keeps no record that a question has lost its asker",
    file: RELAY,
    find: '      this.#decisions.close(approval, "orphaned");\n',
    replace: "",
  },
  {
    id: "A10",
    seed: 2,
    does: "applies a decision to every identical question",
    file: RELAY,
    find: 'if (orphan.approval !== id) this.#approvals.move(orphan.approval, "consumed");',
    replace: "",
  },
  {
    id: "A10b",
    seed: 12,
    does: "keeps a decision that the next process had no use for",
    file: RELAY,
    find: "    this.#approvals.forgetOrphanedDecisions();\n",
    replace: "",
  },
  {
    id: "A10c",
    seed: 2,
    does: "asks again what was decided",
    file: RELAY,
    find: "orphan?.option !== undefined &&",
    replace: 'orphan?.option === "" &&',
  },
  {
    id: "A11",
    does: "takes questions about different inputs for one",
    file: APPROVALS,
    find: "digestOf(canonicalJson({ kind, title, input }))",
    replace: "digestOf(canonicalJson({ kind, title, input: typeof input }))",
  },
  {
    id: "A12",
    does: "forgets that an answer was taken",
    file: RELAY,
    find: 'if (answered !== undefined) this.#approvals.move(answered.approval, "delivered");',
    replace: "void answered;",
  },
];
