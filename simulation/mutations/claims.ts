import type { Mutation, Piece } from "./mutation.ts";

const RELAY = "packages/perdure/src/session/relay.ts";
const CLAIMS = "packages/perdure/src/session/claims.ts";
const COMMANDS = "packages/perdure/src/session/runner-commands.ts";
const REDELIVERY = "packages/perdure/src/session/redelivery.ts";
const RUNNER_TRAFFIC = "packages/perdure/src/session/runner-traffic.ts";

/** S16: what was on its way when the object closed a connection is taken all the same. */
const TAKES_LATE_FRAMES: Piece = {
  file: "packages/perdure/src/object/base-do.ts",
  find: "if (link.hasClosed) return;",
  replace: "",
};

/** Rules of the object's side of a runner: who may write, what has arrived, what is to be done. */
export const CLAIM_MUTATIONS: readonly Mutation[] = [
  {
    id: "N2",
    does: "gives a process that reconnects a new epoch",
    file: RELAY,
    find: "if (process !== this.#claims.current.process) this.#claims.mint(process, spool, r);",
    replace: "if (process !== undefined) this.#claims.mint(process, spool, r);",
  },
  {
    id: "N2b",
    does: "forgets after a loss of memory which process holds the claim",
    file: CLAIMS,
    find: "this.#current = row ?? NO_CLAIM;",
    replace: 'this.#current = { ...(row ?? NO_CLAIM), process: "" };',
  },
  {
    id: "N3",
    does: "leaves the connections before a claim open",
    file: RELAY,
    find: "closes: others.map((other) => this.#ending(other)),",
    replace: "closes: [],",
  },
  {
    id: "N3b",
    does: "tells every connection before a claim that it was fenced",
    file: RELAY,
    find: "return link.attachment.process === this.#claims.current.process ? replaced(link) : fenced(link);",
    replace: "return fenced(link);",
  },
  {
    id: "N4",
    seed: 210,
    does: "takes events of an epoch that is over",
    file: RELAY,
    find: "if (epoch !== this.#claims.current.epoch) return { sends: [], closes: [this.#ending(link)] };\n    if (frame.epoch !== epoch) return fence(link);",
    replace: "",
    also: TAKES_LATE_FRAMES,
  },
  {
    id: "N4b",
    does: "lets a process claim again whose epoch is over",
    file: RELAY,
    find: "if (!isHolder && epoch !== undefined && epoch <= current.epoch) return fence(link);",
    replace: "if (!isHolder && epoch !== undefined && epoch > current.epoch) return fence(link);",
  },
  {
    id: "N5",
    does: "welcomes before what an earlier connection brought is durable",
    file: RELAY,
    find: "    this.#log.flush();\n    this.#adopt(frame);",
    replace: "    this.#adopt(frame);",
  },
  {
    id: "N5b",
    does: "names in a welcome what the runner holds rather than what is durable",
    file: RELAY,
    find: "      r: this.#log.producer.durableR,\n      turn: this.#turn(),\n      agentSession",
    replace: "      r: frame.first - 1,\n      turn: this.#turn(),\n      agentSession",
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
    seed: 7,
    does: "takes events behind a gap",
    file: RELAY,
    find: "if (frame.r > known + 1)",
    replace: "if (frame.r > known + 1_000_000)",
  },
  {
    id: "N8",
    seed: 19,
    does: "acknowledges what is not durable",
    file: RELAY,
    find: 'return { t: "ack", r: this.#log.producer.durableR, turn: this.#turn() };',
    replace: 'return { t: "ack", r: this.#log.producer.r, turn: this.#turn() };',
  },
  {
    id: "N8b",
    does: "leaves a frame with nothing new without an answer",
    file: RELAY,
    find: "    if (fresh.length === 0)\n      return { sends: [{ link, frame: this.#acknowledgement() }], closes: [] };",
    replace: "    if (fresh.length === 0) return NOTHING;",
  },
  {
    id: "N10",
    does: "forgets how far a spool had got that comes back",
    file: RELAY,
    find: "(this.#producers.last(spool) ?? 0)",
    replace: "0",
  },
  {
    id: "N10b",
    does: "goes on with the numbers of the spool before",
    file: RELAY,
    find: "const known = current === spool ? durableR : (this.#producers.last(spool) ?? 0);",
    replace: "const known = durableR;",
  },
  {
    id: "N11",
    does: "delivers commands before the process has started",
    file: RELAY,
    find: "const hasStarted = this.#log.state.runner?.epoch === this.#claims.current.epoch;",
    replace: "const hasStarted = true;",
  },
  {
    id: "N12",
    does: "delivers a command with every flush",
    file: RELAY,
    find: ".filter(({ command }) => !sent.has(command))",
    replace: "",
  },
  {
    id: "N12b",
    does: "delivers an answer that was begun",
    file: RELAY,
    find: 'if (answered !== undefined) this.#approvals.move(answered.approval, "delivered");\n        this.#log.append(event, r);',
    replace:
      'if (answered !== undefined) this.#approvals.move(answered.approval, "delivered");\n        if (answered === undefined) this.#log.append(event, r);\n        else this.#log.append({ ...event, command: 0 }, r);',
  },
  {
    id: "N12c",
    seed: 29,
    does: "does not deliver on a connection what another one had",
    file: RELAY,
    find: "const sent = this.#delivered.get(link) ?? new Set<number>();\n    this.#delivered.set(link, sent);",
    replace:
      "const sent = this.#delivered.get(this.#log as never) ?? new Set<number>();\n    this.#delivered.set(this.#log as never, sent);",
  },
  {
    id: "N13",
    does: "delivers the next prompt while a turn runs",
    file: COMMANDS,
    find: 'const [first] = state.turns;\n  if (first === undefined || runningTurn(state) !== undefined || state.lifecycle !== "active")',
    replace:
      'const first = state.turns.find((turn) => turn.state === "queued");\n  if (first === undefined || (runningTurn(state) !== undefined && state.turns.length < 2))',
  },
  {
    id: "N13b",
    does: "delivers answers only when no turn runs",
    file: COMMANDS,
    find: "function answers({ approvals }: SessionState): readonly RunnerCommand[] {\n",
    replace:
      "function answers({ approvals, turns }: SessionState): readonly RunnerCommand[] {\n  if (turns.length > 0) return [];\n",
  },
  {
    id: "N17",
    seed: 82,
    does: "takes the start of a process before for one of the process that sends it",
    file: RELAY,
    find: "epoch: Math.min(event.epoch, this.#claims.current.epoch)",
    replace: "epoch: this.#claims.current.epoch",
  },
  {
    id: "N22",
    seed: 178,
    does: "takes events of a session that is terminated",
    file: RUNNER_TRAFFIC,
    find: '      if (log.isOver)\n        throw new PerdureError(\n          "session_terminated",',
    replace:
      '      if (!log.exists)\n        throw new PerdureError(\n          "session_terminated",',
    also: TAKES_LATE_FRAMES,
  },
  {
    id: "N23",
    does: "takes the agent of the runner before for that of the one that is connected",
    file: RELAY,
    find: "agent: runner?.epoch === epoch ? runner.agent : link.attachment.agent,",
    replace: "agent: runner === undefined ? link.attachment.agent : runner.agent,",
  },
  {
    id: "N24",
    does: "sends acknowledgements and commands before the welcome",
    file: RELAY,
    find: "this.#unwelcomed.set(link, false);",
    replace: "",
  },
  {
    id: "N24b",
    seed: 57,
    does: "does not store where a process goes on",
    file: CLAIMS,
    find: '      "UPDATE claims SET spool = ?, r = ? WHERE epoch = ?",\n      spool,\n      r,\n      this.#current.epoch,',
    replace:
      '      "UPDATE claims SET spool = ?, r = ? WHERE epoch = ?",\n      spool,\n      r,\n      0,',
  },
  {
    id: "N25",
    seed: 18,
    does: "delivers a command once on a connection, whatever becomes of it",
    file: REDELIVERY,
    find: 'if (waiting !== "") this.#start();',
    replace: "",
  },
];
