import type { Mutation } from "./mutation.ts";

const READERS = "packages/perdure/src/session/readers.ts";
const LOG = "packages/perdure/src/session/session-log.ts";
const EVENTS = "packages/perdure/src/log/event-log.ts";
const RUNNER_TRAFFIC = "packages/perdure/src/session/runner-traffic.ts";

/** Rules of the object's side of a reader. */
export const READER_MUTATIONS: readonly Mutation[] = [
  {
    id: "R1",
    does: "says `live` before the tail",
    file: READERS,
    find: "    if (tail.length > 0 && !isDialect) {",
    replace:
      '    this.#send(reader, this.#frame({ t: "live", d: head, runner: this.#presence() }));\n    if (tail.length > 0 && !isDialect) {',
  },
  {
    id: "R1b",
    does: "leaves out the tail",
    file: READERS,
    find: "if (tail.length > 0 && !isDialect) {",
    replace: "if (tail.length > 10_000 && !isDialect) {",
  },
  {
    id: "R2",
    does: "begins a page with the event of the cursor",
    file: READERS,
    find: "const page = this.#log.log.read(reader.next);",
    replace: "const page = this.#log.log.read(Math.max(0, reader.next - 1));",
  },
  {
    id: "R3",
    seed: 22,
    does: "sends a run whole to a cursor that stands inside it",
    file: EVENTS,
    find: "yield { event: passed === 0 ? event : this.#kind.dropFirst(event, passed), position };",
    replace: "yield { event, position };",
  },
  {
    id: "R4",
    does: "says of each snapshot that it replaces what the reader has",
    file: READERS,
    find: 'this.#reset(reader, after === null ? "fresh" : "reset");',
    replace: 'this.#reset(reader, "reset");',
  },
  {
    id: "R4b",
    does: "goes on from the head after a snapshot",
    file: READERS,
    find: "reader.next = this.#log.base;",
    replace: "reader.next = this.#log.log.head;",
  },
  {
    id: "R5",
    does: "gives a cursor below the floor what is left",
    file: READERS,
    find: 'if (reader.next !== undefined && reader.next < floor) this.#reset(reader, "reset");',
    replace: "",
  },
  {
    id: "R6",
    does: "tells the head with each page",
    file: READERS,
    find: 'this.#frame({ t: "events", p: page.position, d: page.next, e: page.events }),',
    replace: 'this.#frame({ t: "events", p: page.position, d: page.next + 1, e: page.events }),',
  },
  {
    id: "R8",
    does: "shows control events before they are durable",
    file: "packages/perdure/src/session/relay.ts",
    find: "if (isBarrier || this.#log.log.isTailFull) this.#log.flush();",
    replace: "if (this.#log.log.isTailFull) this.#log.flush();",
  },
  {
    id: "R9",
    does: "tells readers a head that is not durable",
    file: READERS,
    find: 'const text = this.#frame({ t: "events", p: position - group.length, d: head, e: group });',
    replace:
      'const text = this.#frame({ t: "events", p: position - group.length, d: head + 1, e: group });',
  },
  {
    id: "R9b",
    does: "does not tell the head of a flush that had no events",
    file: READERS,
    find: "const isHeadDue = news.hasFlushed && (live.at(-1)?.isText ?? true);",
    replace: "const isHeadDue = news.hasFlushed && (live.at(-1)?.isText ?? false);",
  },
  {
    id: "R12b",
    does: "keeps the incarnation of a memory that is gone",
    file: "packages/perdure/src/object/base-do.ts",
    find: "protected readonly incarnation = crypto.randomUUID();",
    replace: 'protected readonly incarnation: string = "constant";',
  },
  {
    id: "R13",
    does: "makes every reader say hello after a hibernation",
    file: READERS,
    find: "} else if (cursor !== this.#log.log.head) {",
    replace: "} else if (cursor >= 0) {",
  },
  {
    id: "R13b",
    does: "lets every reader go on after a hibernation",
    file: READERS,
    find: "} else if (cursor !== this.#log.log.head) {",
    replace: "} else if (cursor > this.#log.log.head) {",
  },
  {
    id: "R13c",
    seed: 9,
    does: "takes what a reader was sent for what it has acknowledged",
    file: READERS,
    find: "      reader.next = page.next;\n      last = page.events.at(-1);\n      if (isDialect) reader",
    replace: "      reader.next = page.next;\n      last = page.events.at(-1);\n      reader",
  },
  {
    id: "R14",
    does: "passes over a hello that comes again",
    file: READERS,
    find: "    const { role, subject } = link.attachment;\n",
    replace:
      "    const { role, subject } = link.attachment;\n    if (this.#readers.has(link)) return;\n",
  },
  {
    id: "R17",
    does: "takes a snapshot at the head",
    file: LOG,
    find: "    return this.#openFrom - 1;\n",
    replace: "    return this.log.head;\n",
  },
  {
    id: "R17b",
    does: "says in a snapshot how the last turn ended, whenever that was",
    file: LOG,
    find: "const closed = isClosed ? { time, lastOutcome } : this.#closed;",
    replace: "const closed = { time, lastOutcome };",
  },
  {
    id: "R20",
    does: "does not tell that a runner has gone",
    file: RUNNER_TRAFFIC,
    find: "    this.#announce();\n    this.#dropped(code === LEFT);",
    replace: "    this.#dropped(code === LEFT);",
  },
  {
    id: "R20b",
    does: "does not tell that a runner has come",
    file: RUNNER_TRAFFIC,
    find: "        this.#announce();\n      });",
    replace: "      });",
  },
  {
    id: "R25",
    does: "tells a reader of an earlier memory once that it must ask again",
    file: READERS,
    find: "if (news.hasFlushed) for (const link of this.#strangers) this.#nudge(link);",
    replace: "",
  },
];
