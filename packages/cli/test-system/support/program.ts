import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { until } from "./until.ts";

/** The root of the repository. */
export const ROOT = join(import.meta.dirname, "../../../..");

/** The built program, as `npx perdure` runs it. */
export const PERDURE = join(ROOT, "packages/cli/bin/perdure.js");

/** How a process ended. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A process that a test started, and what it wrote so far. */
export class Program {
  readonly pid: number;
  /** Resolves when the process is gone and all that it wrote is here. */
  readonly exited: Promise<Exit>;
  stdout = "";
  stderr = "";
  #exit: Exit | undefined;

  /** Starts a command at the head of a process group of its own, which can be signalled as a terminal does. */
  constructor(command: string, parameters: readonly string[], cwd: string) {
    const child = spawn(command, parameters, {
      cwd,
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
    });
    if (child.pid === undefined) throw new Error(`${command} cannot be started.`);
    this.pid = child.pid;
    child.stdout.setEncoding("utf8").on("data", (text: string) => (this.stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (this.stderr += text));
    this.exited = once(child, "close").then(([code, signal]): Exit => {
      this.#exit = { code, signal };
      return this.#exit;
    });
  }

  get isRunning(): boolean {
    return this.#exit === undefined;
  }

  /** Waits until something was written; throws with all that was, when the process ends without it. */
  async said(pattern: RegExp): Promise<RegExpExecArray> {
    return until(`it says ${pattern}`, () => {
      const found = pattern.exec(this.stdout) ?? pattern.exec(this.stderr);
      if (found !== null) return found;
      if (this.#exit === undefined) return undefined;
      throw new Error(`It ended with ${JSON.stringify(this.#exit)}: ${this.stdout}${this.stderr}`);
    });
  }

  /** Sends a signal and waits for the end. */
  async end(signal: NodeJS.Signals): Promise<Exit> {
    try {
      if (this.isRunning) process.kill(this.pid, signal);
    } catch {
      // It is gone, and something that it started still has its output open.
    }
    return this.exited;
  }
}

/** Runs a command of the built program. */
export function perdure(cwd: string, ...parameters: readonly string[]): Program {
  requireBuild();
  return new Program(process.execPath, [PERDURE, ...parameters], cwd);
}

/** Runs a command of the built program, and all that it starts, under a limit of open files that none of it can raise. */
export function perdureWithOpenFiles(
  limit: number,
  cwd: string,
  ...parameters: readonly string[]
): Program {
  requireBuild();
  const script = `ulimit -n ${limit}; exec "$0" "$@"`;
  return new Program("/bin/sh", ["-c", script, process.execPath, PERDURE, ...parameters], cwd);
}

function requireBuild(): void {
  if (!existsSync(join(ROOT, "packages/cli/dist/main.js")))
    throw new Error("System tests run what is built: run `npm run build` first.");
}
