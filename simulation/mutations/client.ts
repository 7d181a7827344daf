import type { Mutation } from "./mutation.ts";

const READER = "packages/perdure/src/client/reader.ts";
const OUTBOX = "packages/perdure/src/client/outbox.ts";

/** Rules of the client. */
export const CLIENT_MUTATIONS: readonly Mutation[] = [
  {
    id: "R12",
    does: "keeps a tail when the incarnation changes",
    file: READER,
    find: "      this.#incarnation = frame.i;\n      this.#dropTail();",
    replace: '      this.#incarnation = frame.i;\n      if (frame.i !== "") return [];',
  },
  {
    id: "R24",
    does: "takes from the screen what was shown before a new connection",
    file: READER,
    find: "this.#kept = [...this.#tail, ...this.#kept];",
    replace: "this.#kept = [];",
  },
  {
    id: "C15",
    does: "sends a command once on each connection",
    file: OUTBOX,
    find: "this.#sent.clear();\n        this.#flush();",
    replace: "this.#flush();",
  },
];
