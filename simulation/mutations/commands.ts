import type { Mutation } from "./mutation.ts";

const COMMANDS = "packages/perdure/src/object/commands.ts";
const GATHERING = "packages/perdure/src/object/gathering.ts";
const QUEUE = "packages/perdure/src/object/commit-queue.ts";
const READER_TRAFFIC = "packages/perdure/src/session/reader-traffic.ts";

/** Commands: rules of section C. The client's are with the client. */
export const COMMAND_MUTATIONS: readonly Mutation[] = [
  {
    id: "C1",
    does: "does a command again that it has done",
    file: COMMANDS,
    find: "if (known !== undefined) {",
    replace: "if (known !== undefined && this.#prunedAt < 0) {",
  },
  {
    id: "C2",
    does: "answers another command under the id of one that was done",
    file: COMMANDS,
    find: "if (!standsFor(known.digest, sender, command))",
    replace: "if (known.digest === undefined)",
  },
  {
    id: "C3",
    does: "answers before the effect is stored",
    file: READER_TRAFFIC,
    find: "    commits.flushWithBatch();\n",
    replace: "",
  },
  {
    id: "C4",
    seed: 134,
    does: "forgets that it has refused",
    file: COMMANDS,
    find: "if (error instanceof PerdureError && isStable(error))",
    replace:
      "if (error instanceof PerdureError && ERROR_STATUS[error.code] === 404 && isStable(error)) throw error;\n      if (error instanceof PerdureError && isStable(error))",
  },
  {
    id: "C5",
    seed: 6,
    does: "takes a command whose id is older than ids are remembered",
    file: COMMANDS,
    find: "this.#refuseOutsideWindow(issuedAt);",
    replace: "",
  },
  {
    id: "C8",
    does: "answers before it tells of the effect",
    file: QUEUE,
    find: "this.#guard(() => this.#host.publish());\n    for (const answer of answers) answer();",
    replace:
      "for (const answer of answers) answer();\n    this.#guard(() => this.#host.publish());",
  },
  {
    id: "C9",
    does: "lets everybody do everything",
    file: READER_TRAFFIC,
    find: "authorize(identity, command.op);",
    replace: 'authorize(identity, "describe");',
  },
  {
    id: "C11",
    seed: 88,
    does: "does the last of the commands that wait first",
    file: GATHERING,
    find: "const jobs = this.#waiting;",
    replace: "const jobs = this.#waiting.toReversed();",
  },
  {
    id: "C12",
    seed: 227,
    does: "lets a command that fails undo those that are committed with it",
    file: QUEUE,
    find: "return () => reject(error);",
    replace: "if (!isAlone) throw error;\n      return () => reject(error);",
  },
];
