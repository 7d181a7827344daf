import type { Mutation } from "./mutation.ts";

const BASE = "packages/perdure/src/object/base-do.ts";
const EVENT_LOG = "packages/perdure/src/log/event-log.ts";
const SEGMENT = "packages/perdure/src/log/segment.ts";
const RELAY = "packages/perdure/src/session/relay.ts";
const COMMITS = "packages/perdure/src/session/commits.ts";
const SESSION_LOG = "packages/perdure/src/session/session-log.ts";

/** The log: rules of section L. */
export const LOG_MUTATIONS: readonly Mutation[] = [
  {
    id: "L1",
    does: "gives a run of deltas one position",
    file: SEGMENT,
    find: "next += width;",
    replace: "next += 1;",
  },
  {
    id: "L2",
    does: "does not tell that its memory is new",
    file: BASE,
    find: "protected readonly incarnation = crypto.randomUUID();",
    replace: 'protected readonly incarnation: string = "1";',
  },
  {
    id: "L4",
    seed: 22,
    does: "gives a run of deltas again whole to whoever has a part of it",
    file: EVENT_LOG,
    find: "event: passed === 0 ? event : this.#kind.dropFirst(event, passed)",
    replace: "event",
  },
  {
    id: "L5",
    does: "lets control events of a runner wait for the next flush",
    file: RELAY,
    find: "if (isBarrier || this.#log.log.isTailFull) this.#log.flush();",
    replace: "if (isBarrier && this.#log.log.isTailFull) this.#log.flush();",
  },
  {
    id: "L6",
    does: "keeps a short tail for a minute",
    file: COMMITS,
    find: "const FLUSH_AFTER_MS = 1_250;",
    replace: "const FLUSH_AFTER_MS = 60_000;",
  },
  {
    id: "L12",
    does: "loads a session without the turns that wait",
    file: SESSION_LOG,
    find: "const [event] = this.log.read(position - 1, 1).events;",
    replace: "const [event] = this.log.read(position, 0).events;",
  },
  {
    id: "L10",
    does: "forgets what is open",
    file: SESSION_LOG,
    find: "return this.log.trim(Math.min(position, this.closedUpTo), mayBeFloor);",
    replace: "return this.log.trim(position);",
  },
  {
    id: "L10b",
    seed: 375,
    does: "forgets the last row",
    file: EVENT_LOG,
    find: "Math.min(position, this.#head - 1)",
    replace: "Math.min(position, this.#head)",
  },
  {
    id: "L10c",
    does: "does not move the floor",
    file: EVENT_LOG,
    find: "this.#floor = end;\n    this.content",
    replace: "this.content",
  },
  {
    id: "L13",
    seed: 4,
    does: "writes only the last of the messages that ended before a flush",
    file: SESSION_LOG,
    find: "this.#unprojected.push(...next.messages);",
    replace: "this.#unprojected = [...next.messages];",
  },
  {
    id: "L13b",
    seed: 4,
    does: "writes a message that was written before memory was lost, and not what ended since",
    file: SESSION_LOG,
    find: "for (const message of this.#unprojected) this.projection.addMessage(message);",
    replace:
      "for (const message of this.#unprojected.slice(0, 1)) this.projection.addMessage(message);",
  },
  {
    id: "L14",
    seed: 20,
    does: "keeps the number of an event that could not be stored",
    file: SESSION_LOG,
    find: "      this.#r = r;\n      this.#durableR = durableR;\n      this.#openFrom",
    replace: "      this.#durableR = durableR;\n      this.#openFrom",
  },
  {
    id: "L14b",
    does: "keeps in the tail what could not be stored",
    file: EVENT_LOG,
    find: "this.#tail.length = count;",
    replace: "",
  },
  {
    id: "L15",
    does: "stores with the head the number of the flush before",
    file: SESSION_LOG,
    find: "      r: this.#r,\n      open,",
    replace: "      r: this.#durableR,\n      open,",
  },
];
