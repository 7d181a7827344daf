import type { ChildProcessByStdio } from "node:child_process";
import { spawn } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import { isObject } from "perdure/protocol";

/** How to start an agent. */
export interface AgentCommand {
  readonly command: string;
  readonly args: readonly string[];
  /** Folder that it works in, absolute. */
  readonly cwd: string;
}

/** How long an agent has to exit after it was asked to, in milliseconds. */
const EXIT_GRACE_MS = 1_000;

/** Variables that are the runner's alone: an agent has no business with tokens and secrets. */
const PRIVATE_VARIABLES: ReadonlySet<string> = new Set(["PERDURE_TOKEN", "PERDURE_GATEWAY_SECRET"]);

/** A running agent: the leader of a process group of its own, so that what it starts ends with it. */
export class AgentProcess {
  /** How it ended: a sentence without a full stop. Resolves when it is gone, also where it never started. */
  readonly exited: Promise<string>;
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #killOnExit = (): void => this.#signal("SIGKILL");
  #isGone = false;

  /** Starts it. What it writes to stderr goes to ours. */
  constructor({ command, args, cwd }: AgentCommand) {
    this.#child = spawn(command, args, {
      cwd,
      env: withoutPrivate(process.env),
      stdio: ["pipe", "pipe", "inherit"],
      detached: process.platform !== "win32",
    });
    process.once("exit", this.#killOnExit);
    // A pipe to an agent that is gone reports that once more; `exited` has said it.
    this.#child.stdin.on("error", () => {});
    this.exited = new Promise((resolve) => {
      const gone = (how: string): void => {
        this.#isGone = true;
        process.off("exit", this.#killOnExit);
        // What it started and left behind ends too.
        this.#signal("SIGKILL");
        resolve(how);
      };
      this.#child.once("error", (error) => {
        if (this.#child.pid === undefined) gone(`could not be started: ${explain(error, command)}`);
      });
      this.#child.once("exit", (code, signal) =>
        gone(signal === null ? `exited with code ${code}` : `was ended by ${signal}`),
      );
    });
  }

  get stdin(): Writable {
    return this.#child.stdin;
  }

  get stdout(): Readable {
    return this.#child.stdout;
  }

  /** Asks it to exit, then insists. Resolves when it is gone. */
  async kill(): Promise<void> {
    if (!this.#isGone) this.#signal("SIGTERM");
    const insist = setTimeout(() => this.#signal("SIGKILL"), EXIT_GRACE_MS);
    await this.exited;
    clearTimeout(insist);
  }

  #signal(signal: NodeJS.Signals): void {
    const { pid } = this.#child;
    if (pid === undefined) return;
    try {
      if (process.platform === "win32") this.#child.kill(signal);
      else process.kill(-pid, signal);
    } catch {
      // The group is gone already.
    }
  }
}

function withoutPrivate(variables: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(variables).filter(([name]) => !PRIVATE_VARIABLES.has(name)),
  );
}

function explain(error: Error, command: string): string {
  const code = isObject(error) ? error["code"] : undefined;
  if (code === "ENOENT") return `there is no command "${command}", or its folder does not exist`;
  if (code === "EACCES") return `"${command}" may not be executed`;
  return error.message;
}
