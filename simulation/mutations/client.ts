import type { Mutation } from "./mutation.ts";

const READER = "packages/perdure/src/client/reader.ts";
const OUTBOX = "packages/perdure/src/client/outbox.ts";

/** Rules of the client. */
export const CLIENT_MUTATIONS: readonly Mutation[] = [
  {
    id: "R7",
    does: "takes what it is shown for what is durable",
    file: READER,
    find: "    return this.#durable?.position ?? 0;\n",
    replace: "    return this.#shown?.position ?? 0;\n",
  },
  {
    id: "R7b",
    does: "asks after the last event that it was shown",
    file: READER,
    find: "after: this.#durable?.position ?? null };",
    replace: "after: this.#shown?.position ?? null };",
  },
  {
    id: "R12",
    does: "keeps a tail when the incarnation changes",
    file: READER,
    find: "      this.#incarnation = frame.i;\n      this.#dropTail();",
    replace: '      this.#incarnation = frame.i;\n      if (frame.i !== "") return [];',
  },
  {
    id: "R19",
    seed: 36,
    does: "passes over positions that are missing",
    file: READER,
    find: "if (held < 0) return this.#resynchronize();",
    replace: "",
  },
  {
    id: "R22",
    does: "gives out what is shown before it is durable",
    file: READER,
    find: "const settled = this.#tail.splice(0, this.#head - first + 1);",
    replace: "const settled = this.#tail.splice(0);",
  },
  {
    id: "R24",
    does: "takes from the screen what was shown before a new connection",
    file: READER,
    find: "this.#kept = [...this.#tail, ...this.#kept];",
    replace: "this.#kept = [];",
  },
  {
    id: "R24b",
    seed: 7,
    does: "keeps on the screen what its producer will never send again",
    file: READER,
    find: "else if (endsProducer(event)) this.#kept = [];",
    replace: "",
  },
  {
    id: "R24c",
    seed: 8,
    does: "keeps on the screen what its producer has sent again",
    file: READER,
    find: "if (JSON.stringify(event) === JSON.stringify(this.#kept[0])) this.#kept = this.#kept.slice(1);\n    else if",
    replace: "if",
  },
  {
    id: "C15",
    seed: 216,
    does: "sends a command once on each connection",
    file: OUTBOX,
    find: "this.#sent.clear();\n        this.#flush();",
    replace: "this.#flush();",
  },
];
