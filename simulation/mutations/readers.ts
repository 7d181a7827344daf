import type { Mutation } from "./mutation.ts";

const READERS = "packages/perdure/src/session/readers.ts";

/** Rules of the object's side of a reader. */
export const READER_MUTATIONS: readonly Mutation[] = [
  {
    id: "R9",
    does: "tells readers a head that is not durable",
    file: READERS,
    find: 'const text = this.#frame({ t: "events", p: position - group.length, d: head, e: group });',
    replace:
      'const text = this.#frame({ t: "events", p: position - group.length, d: head + 1, e: group });',
  },
];
