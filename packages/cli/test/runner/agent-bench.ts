import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Message, RunnerEvent } from "perdure/protocol";
import { onTestFinished } from "vitest";
import { AcpAgent } from "../../src/runner/acp-agent.ts";
import { connectAgent } from "../../src/runner/acp-connection.ts";
import type { AgentCommand } from "../../src/runner/agent-process.ts";

const DEMO_AGENT = fileURLToPath(new URL("../../src/demo-agent/main.ts", import.meta.url));

/** A folder of the test's own, removed when it is over. */
export function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "perdure-runner-test-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** The demo agent as a command that also writes its process id into `pid` in the folder. */
export function demoAgent(folder: string, ...args: string[]): AgentCommand {
  const script = 'echo $$ > "$1/pid"; shift; exec "$@"';
  return {
    command: "sh",
    args: [
      "-c",
      script,
      "sh",
      folder,
      process.execPath,
      DEMO_AGENT,
      "--state-dir",
      folder,
      ...args,
    ],
    cwd: folder,
  };
}

/** The process id that `demoAgent` wrote last. */
export function agentPid(folder: string): number {
  return Number(readFileSync(join(folder, "pid"), "utf8"));
}

export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Resolves when the condition holds; fails the test after 15 s. */
export async function until(condition: () => boolean, what: string): Promise<void> {
  const deadline = Date.now() + 15_000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`It did not happen within 15 s: ${what}.`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

export const userMessage = (text: string): Message => ({
  id: "m",
  role: "user",
  parts: [{ type: "text", text }],
});

/** A real agent process, driven as the relay does. */
export class AgentBench {
  readonly events: RunnerEvent[] = [];
  readonly log: string[] = [];
  readonly failures: Error[] = [];
  readonly agent: AcpAgent;
  agentSession: string | undefined;

  constructor(command: AgentCommand, agentSession?: string) {
    this.agent = new AcpAgent({
      command,
      connect: connectAgent,
      clientInfo: { name: "test", version: "0" },
      agentSession,
      onAgentSession: (session) => {
        this.agentSession = session;
      },
      emit: (event) => this.events.push(event),
      log: (line) => this.log.push(line),
      onFailure: (error) => this.failures.push(error),
    });
    onTestFinished(() => this.agent.stop("The test is over."));
  }

  /** Runs a prompt to its end and returns the events of the turn. */
  async run(turn: string, text: string): Promise<RunnerEvent[]> {
    const before = this.events.length;
    this.agent.prompt(turn, userMessage(text));
    await this.ended(turn);
    return this.events.slice(before);
  }

  async ended(turn: string): Promise<void> {
    await until(() => this.end(turn) !== undefined, `the end of ${turn}`);
  }

  end(turn: string) {
    return this.events.find((event) => event.type === "turn.ended" && event.turn === turn);
  }

  ofType(type: string): RunnerEvent[] {
    return this.events.filter((event) => event.type === type);
  }
}

/** All text that the events stream. */
export function textIn(events: readonly RunnerEvent[]): string {
  return events.map((event) => (event.type === "text-delta" ? event.delta : "")).join("");
}
