import type { Mutation } from "./mutation.ts";

const RELAY = "packages/cli/src/runner/relay.ts";
const GATE = "packages/cli/src/runner/command-gate.ts";

/** Rules of the runner. */
export const RUNNER_MUTATIONS: readonly Mutation[] = [
  {
    id: "N14",
    does: "acts on a command before its begin is acknowledged",
    file: GATE,
    find: "this.#begun.set(this.#ports.begin(command.command), command);",
    replace: "this.#ports.begin(command.command);\n    this.#act(command, command.turn);",
  },
  {
    id: "N15",
    does: "begins a command again that it has begun",
    file: GATE,
    find: "if (this.#known.has(number) || this.#ports.hasBegun(number)) return;",
    replace: "",
  },
];
void RELAY;
