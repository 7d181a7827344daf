import type { Mutation } from "./mutation.ts";

const RELAY = "packages/perdure/src/session/relay.ts";

/** Rules of the object's side of a runner: who may write, what has arrived, what is to be done. */
export const CLAIM_MUTATIONS: readonly Mutation[] = [
  {
    id: "N4",
    does: "takes events of an epoch that is over",
    file: RELAY,
    find: "if (epoch !== this.#claims.current.epoch) return { sends: [], closes: [this.#ending(link)] };\n    if (frame.epoch !== epoch) return fence(link);",
    replace: "",
  },
  {
    id: "N6",
    does: "takes events again that it has",
    file: RELAY,
    find: "const fresh = frame.e.slice(known + 1 - frame.r);",
    replace: "const fresh = frame.e;",
  },
  {
    id: "N7",
    does: "takes events behind a gap",
    file: RELAY,
    find: "if (frame.r > known + 1)",
    replace: "if (frame.r > known + 1_000_000)",
  },
  {
    id: "N8",
    does: "acknowledges what is not durable",
    file: RELAY,
    find: 'return { t: "ack", r: this.#log.producer.durableR, turn: this.#turn() };',
    replace: 'return { t: "ack", r: this.#log.producer.r, turn: this.#turn() };',
  },
];
