import type { Mutation } from "./mutation.ts";

const RELAY = "packages/perdure/src/session/relay.ts";
const LOG = "packages/perdure/src/session/session-log.ts";
const READERS = "packages/perdure/src/session/readers.ts";
const COMMANDS = "packages/perdure/src/object/commands.ts";
const APPROVALS = "packages/perdure/src/session/approvals.ts";
const DECISIONS = "packages/perdure/src/session/decisions.ts";

/** Rules of the object. */
export const SESSION_MUTATIONS: readonly Mutation[] = [
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
  {
    id: "N4",
    does: "takes events of an epoch that is over",
    file: RELAY,
    find: "if (epoch !== this.#claims.current.epoch) return { sends: [], closes: [this.#ending(link)] };\n    if (frame.epoch !== epoch) return fence(link);",
    replace: "",
  },
  {
    id: "R9",
    does: "tells readers a head that is not durable",
    file: READERS,
    find: 'const text = this.#frame({ t: "events", p: position - group.length, d: head, e: group });',
    replace:
      'const text = this.#frame({ t: "events", p: position - group.length, d: head + 1, e: group });',
  },
];
void [LOG, COMMANDS, APPROVALS, DECISIONS];
