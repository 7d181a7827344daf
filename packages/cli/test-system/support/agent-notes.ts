import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { isObject } from "perdure/protocol";

/** What agents in a session have noted: every process that ran, and every prompt that one of them was given. */
export class AgentNotes {
  readonly #file: string;
  readonly #stateDir: string;

  /** @param folder Where the notes and the agents' own state are kept. It outlives the runners. */
  constructor(folder: string, session: string) {
    this.#file = join(folder, `agent-${session}.jsonl`);
    this.#stateDir = join(folder, `agent-${session}`);
  }

  /** The command of an agent that takes these notes. */
  get command(): string[] {
    const program = join(import.meta.dirname, "noting-agent.ts");
    return [process.execPath, program, this.#file, "--state-dir", this.#stateDir];
  }

  /** The texts of all prompts that reached an agent, in order, each as often as it did. */
  get prompts(): string[] {
    return this.#notes.flatMap(({ prompt }) => (typeof prompt === "string" ? [prompt] : []));
  }

  /** The process ids of all agents that started, the oldest first. */
  get pids(): number[] {
    const started = this.#notes.filter(({ prompt }) => prompt === undefined);
    return started.flatMap(({ pid }) => (typeof pid === "number" ? [pid] : []));
  }

  get #notes(): Record<string, unknown>[] {
    if (!existsSync(this.#file)) return [];
    const lines = readFileSync(this.#file, "utf8").split("\n").slice(0, -1);
    return lines.map((line): unknown => JSON.parse(line)).filter(isObject);
  }
}
