import type { Mutation } from "./mutation.ts";

const RELAY = "packages/cli/src/runner/relay.ts";
const UPSTREAM = "packages/cli/src/runner/upstream.ts";
const GATE = "packages/cli/src/runner/command-gate.ts";
const SPOOL = "packages/cli/src/runner/spool.ts";
const RECORDS = "packages/cli/src/runner/spool-records.ts";

/** Rules of the runner and of its disk. */
export const RUNNER_MUTATIONS: readonly Mutation[] = [
  {
    id: "N14",
    does: "acts on a command before its begin is acknowledged",
    file: GATE,
    find: "this.#begun.set(this.#ports.begin(command.command), command);",
    replace: "this.#ports.begin(command.command);\n    this.#act(command, command.turn);",
  },
  {
    id: "N14b",
    does: "answers a question before the begin is acknowledged",
    file: GATE,
    find: 'if (command.kind !== "prompt") return this.#begin(command);',
    replace:
      'if (command.kind !== "prompt") {\n      this.#ports.begin(command.command);\n      return this.#act(command, null);\n    }',
  },
  {
    id: "N15",
    seed: 14,
    does: "begins a command again that it has begun",
    file: GATE,
    find: "if (this.#known.has(number) || this.#ports.hasBegun(number)) return;",
    replace: "",
  },
  {
    id: "N18",
    seed: 2315,
    does: "sends nothing again that is not acknowledged",
    file: UPSTREAM,
    find: "this.#stopResendTimer = this.#clock.after(this.#resendWait, () => {",
    replace: "this.#stopResendTimer = this.#clock.after(1_000_000_000, () => {",
  },
  {
    id: "N18b",
    seed: 68,
    does: "sends nothing again after a welcome",
    file: UPSTREAM,
    find: "    this.#resendWait = RESEND_AFTER_MS;\n    this.resend();",
    replace: "    this.#resendWait = RESEND_AFTER_MS;\n    this.#sent = this.#spool.next - 1;",
  },
  {
    id: "N18c",
    does: "drops one event more than was acknowledged",
    file: SPOOL,
    find: "this.#first = Math.max(this.#first, Math.min(r + 1, this.next));",
    replace: "this.#first = Math.max(this.#first, Math.min(r + 2, this.next));",
  },
  {
    id: "N18d",
    seed: 326,
    does: "takes a record for whole whose checksum is wrong",
    file: RECORDS,
    find: "return crc32(json) === Number(match[2]) ? json : undefined;",
    replace: "return json;",
  },
  {
    id: "N18e",
    seed: 6,
    does: "writes on behind a record that is torn",
    file: SPOOL,
    find: "    this.#file.truncate(this.#end);\n    this.#first",
    replace: "    this.#first",
  },
  {
    id: "N19",
    does: "says that it has started in place of the backlog",
    file: RELAY,
    find: "    spool.acknowledge(frame.r);\n",
    replace: '    spool.acknowledge(this.#start === "done" ? frame.r : spool.next - 1);\n',
  },
  {
    id: "N20",
    does: "goes on with numbers that the session has seen",
    file: RELAY,
    find: "if (frame.r >= spool.next) {",
    replace: "if (frame.r > spool.next + 1_000) {",
  },
  {
    id: "N20b",
    does: "starts over under the same id",
    file: SPOOL,
    find: "this.#replaceWith({ spool: this.#options.newId(), first: 1 }, new Uint8Array(0));",
    replace: "this.#replaceWith({ spool: this.id, first: 1 }, new Uint8Array(0));",
  },
  {
    id: "N26",
    does: "keeps what it holds after another runner took over",
    file: RELAY,
    find: "if (code === CLOSE.fenced) this.#forgetBacklog();",
    replace: "",
  },
  {
    id: "N26b",
    does: "keeps what its agent says after another runner took over",
    file: RELAY,
    find: "    if (this.#isFenced) return;\n",
    replace: "",
  },
  {
    id: "N27",
    seed: 231,
    does: "waits for a welcome for ever",
    file: RELAY,
    find: '      this.#redial(link, "the session did not answer"),\n',
    replace: "      undefined,\n",
  },
];
