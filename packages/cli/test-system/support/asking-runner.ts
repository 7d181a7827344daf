import { join } from "node:path";
import type { AgentRecord } from "./agent-record.ts";
import { readAgentRecord } from "./agent-record.ts";
import type { Program } from "./program.ts";
import type { Scene } from "./scene.ts";

const AGENT = join(import.meta.dirname, "asking-agent.ts");

/** Where an asking agent runs. */
export interface AskingPlace {
  readonly session: string;
  /** Base URL under which the runner reaches the server. */
  readonly url: string;
  /** Name of the runner's state folder. Default: `runner`. */
  readonly state?: string;
}

/** A runner and its agent that asks what prompts tell it to (asking-agent.ts). */
export class AskingRunner {
  readonly #program: Program;
  readonly #record: string;

  private constructor(program: Program, record: string) {
    this.#program = program;
    this.#record = record;
  }

  /** Starts both in a session, which they create, and waits until the agent is ready. */
  static async start(scene: Scene, { session, url, state = "runner" }: AskingPlace) {
    // One record for all processes of a session's agent: so it remembers its session whoever runs it.
    const record = join(scene.folder, `${session}.record.jsonl`);
    const folder = join(scene.folder, `${session}-${state}`);
    const place = ["--session", session, "--create", "--state-dir", folder, "--cwd", scene.folder];
    const agent = [process.execPath, AGENT, record];
    const runner = scene.run("run", "--url", url, "--dir", scene.dir, ...place, "--", ...agent);
    await runner.said(/ is ready \(/);
    return new AskingRunner(runner, record);
  }

  /** What this session's agent wrote down so far. */
  get record(): AgentRecord {
    return readAgentRecord(this.#record);
  }

  /** How the agent got its context back: `new`, `resumed`, … */
  get restored(): string | undefined {
    return / is ready \(context: (\w+)\)/.exec(this.#program.stderr)?.[1];
  }

  /** Kills the runner and its agent as the end of their machine does. */
  async kill(): Promise<void> {
    const agent = this.record.pids.at(-1);
    if (agent === undefined) throw new Error("The agent has written nothing.");
    // The agent first would be seen, and answered, by its runner.
    await this.#program.end("SIGKILL");
    try {
      process.kill(agent, "SIGKILL");
    } catch {
      // It has noticed the end of its input and is gone by itself.
    }
  }
}
