import type { Mutation } from "./mutation.ts";

const CANCELLATIONS = "packages/perdure/src/session/cancellations.ts";
const COMMANDS = "packages/perdure/src/session/commands.ts";
const LIFECYCLE = "packages/perdure/src/session/lifecycle.ts";
const LISTING = "packages/perdure/src/session/listing.ts";
const TASK_TABLE = "packages/perdure/src/session/task-table.ts";
const OUTBOX = "packages/perdure/src/session/listing-outbox.ts";
const RELAY = "packages/perdure/src/session/relay.ts";
const RUNNER_COMMANDS = "packages/perdure/src/session/runner-commands.ts";
const SESSION = "packages/perdure/src/session/session.ts";
const STATE = "packages/perdure/src/protocol/state.ts";

/** Turns, messages and the life of a session: rules of section T. */
export const TURN_MUTATIONS: readonly Mutation[] = [
  {
    id: "T1",
    does: "gives a prompt's message an id of its own",
    file: COMMANDS,
    find: "    id: turn,\n    role",
    replace: "    id: `${turn}-prompt`,\n    role",
  },
  {
    id: "T3",
    does: "runs the newest prompt first",
    file: RUNNER_COMMANDS,
    find: "const [first] = state.turns;",
    replace: "const first = state.turns.at(-1);",
  },
  {
    id: "T3b",
    does: "delivers a prompt while another one runs",
    file: RUNNER_COMMANDS,
    find: "const [first] = state.turns;\n  if (first === undefined || runningTurn(state) !== undefined ||",
    replace:
      'const first = state.turns.find((turn) => turn.state === "queued");\n  if (first === undefined ||',
  },
  {
    id: "T4",
    does: "leaves a turn open whose process is gone",
    file: RELAY,
    find: "if (turn === undefined) return;",
    replace: "if (turn?.id !== undefined) return;",
  },
  {
    id: "T5",
    does: "asks the runner to cancel what it has not begun",
    file: CANCELLATIONS,
    find: 'if (turn.state === "queued")',
    replace: 'if (turn.state !== "queued" && turn.begunAt === undefined)',
  },
  {
    id: "T5b",
    seed: 30,
    does: "does not tell the runner of a cancellation",
    file: RUNNER_COMMANDS,
    find: ", ...cancellations(state)]",
    replace: ", ...cancellations({ ...state, cancels: [] })]",
  },
  {
    id: "T6",
    does: "cancels the newest turn where none is named",
    file: CANCELLATIONS,
    find: "turns.find(({ id })",
    replace: "turns.findLast(({ id })",
  },
  {
    id: "T7",
    does: "delivers prompts while it is paused",
    file: RUNNER_COMMANDS,
    find: 'state.lifecycle !== "active"',
    replace: 'state.lifecycle === "terminated"',
  },
  {
    id: "T8",
    seed: 18,
    does: "takes commands after its end",
    file: COMMANDS,
    find: "if (log.isOver)",
    replace: 'if (log.state.lifecycle === "initializing")',
  },
  {
    id: "T8b",
    seed: 18,
    does: "ends without its turns",
    file: LIFECYCLE,
    find: "for (const { id } of turns)",
    replace: "for (const { id } of turns.slice(0, 0))",
  },
  {
    id: "T8c",
    seed: 63,
    does: "says of the turn that ran that it was cancelled",
    file: LIFECYCLE,
    find: 'id === running?.id ? "interrupted" : "cancelled"',
    replace: 'id === running?.id ? "cancelled" : "cancelled"',
  },
  {
    id: "T8d",
    seed: 224,
    does: "ends, and leaves its runner connected",
    file: "packages/perdure/src/session/outbound.ts",
    find: 'if (link.attachment.kind === "runner") link.close',
    replace: 'if (link.attachment.kind !== "runner") link.close',
  },
  {
    id: "T9",
    does: "lets another owner create the session again",
    file: SESSION,
    find: "if (this.state.createdBy !== identity.subject)",
    replace: 'if (this.state.createdBy === "")',
  },
  {
    id: "T9b",
    does: "creates a session that is there",
    file: SESSION,
    find: "      if (this.exists) {\n",
    replace: '      if (this.state.lifecycle === "terminated") {\n',
  },
  {
    id: "T11",
    does: "makes every prompt the title",
    file: COMMANDS,
    find: 'if (meta["title"] === undefined && title !== ""',
    replace: 'if (title !== ""',
  },
  {
    id: "T12",
    does: "waits for a person who has answered",
    file: LISTING,
    find: 'state.approvals.some((approval) => approval.state === "pending")',
    replace: "state.approvals.length > 0",
  },
  {
    id: "T13b",
    does: "leaves parts of a finished message streaming",
    file: STATE,
    find: "message: closeMessage(state.open),",
    replace: "message: state.open.message,",
  },
  {
    id: "T14",
    does: "puts a message where it ended",
    file: STATE,
    find: "const index = messages.findLastIndex((one) => one.position < placed.position) + 1;",
    replace: "const index = messages.length;",
  },
  {
    id: "T15",
    does: "keeps tasks that the agent has dropped",
    file: TASK_TABLE,
    find: "if (!kept.has(id)) this.#sql",
    replace: 'if (!kept.has(id) && id === "") this.#sql',
  },
  {
    id: "I1",
    does: "tells the list without an alarm behind it, and not when its memory is new",
    file: OUTBOX,
    find: "    if (this.#log.lineVersion === this.#told) return;\n",
    replace: "    if (this.#told === 0 || this.#log.lineVersion === this.#told) return;\n",
  },
  {
    id: "I2",
    seed: 20,
    does: "tells the list once, whether it hears or not",
    file: OUTBOX,
    find: "      this.#retryLater();\n",
    replace: "      this.#told = this.#log.lineVersion;\n",
  },
];
