import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { dirname } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { isErrorCode } from "./private-file.ts";
import { RAISE_OPEN_FILES } from "./open-files.ts";
import type { SecretEnvironment } from "./workerd-config.ts";
import { CONFIG_CONSTANT } from "./workerd-config.ts";

/** Where workerd reports which sockets it listens on. */
const CONTROL_DESCRIPTOR = 3;

/**
 * Waits for a line, then becomes workerd under the same process id. So the id can be written down before workerd touches the
 * databases; where the writer dies in between, the input ends and workerd never starts.
 */
const LAUNCH_SCRIPT = `umask 077; read -r go || exit 0; ${RAISE_OPEN_FILES}; exec "$0" "$@"`;

/** How workerd is started. */
export interface WorkerdCommand {
  /** The executable. */
  readonly workerd: string;
  readonly configPath: string;
  readonly secrets: SecretEnvironment;
  /** Gets each line that workerd writes. */
  readonly onLine: (line: string) => void;
}

/** How a process ended. */
export interface ProcessEnd {
  /** Such as "signal SIGKILL" or "exit code 1". */
  readonly reason: string;
}

/** One workerd process. It holds still until {@link WorkerdProcess.proceed}. */
export class WorkerdProcess {
  readonly #child: ChildProcess;
  #hasEnded = false;

  /** Resolves when the process is gone and its last line was read. */
  readonly ended: Promise<ProcessEnd>;

  /** Resolves when it listens; never, where it ends before. */
  readonly listening: Promise<void>;

  constructor({ workerd, configPath, secrets, onLine }: WorkerdCommand) {
    const program = [
      workerd,
      "serve",
      configPath,
      CONFIG_CONSTANT,
      `--control-fd=${CONTROL_DESCRIPTOR}`,
    ];
    const child = spawn("/bin/sh", ["-c", LAUNCH_SCRIPT, ...program], {
      cwd: dirname(configPath),
      env: { ...process.env, ...secrets },
      stdio: ["pipe", "pipe", "pipe", "pipe"],
      // Ctrl-C goes to every process of a terminal's group, and workerd would end before it was drained.
      detached: true,
    });
    this.#child = child;
    this.ended = new Promise((resolve) => {
      const end = (reason: string) => {
        this.#hasEnded = true;
        resolve({ reason });
      };
      child.once("close", (code, signal) =>
        end(signal === null ? `exit code ${code}` : `signal ${signal}`),
      );
      child.once("error", (error) => end(error.message));
    });
    this.listening = new Promise((resolve) => {
      eachLine(child.stdio[CONTROL_DESCRIPTOR] as Readable, (line) => {
        if (line.includes('"listen"')) resolve();
      });
    });
    // A process that ended before it was told to go on has closed its input.
    child.stdin?.on("error", () => {});
    eachLine(child.stdout, onLine);
    eachLine(child.stderr, onLine);
  }

  /** Undefined where not even a process could be made. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** Lets the process become workerd. */
  proceed(): void {
    this.#child.stdin?.end("go\n");
  }

  /** Sends a signal; harmless after the end. */
  kill(signal: "SIGTERM" | "SIGKILL"): void {
    if (this.#hasEnded) return;
    try {
      this.#child.kill(signal);
    } catch (error) {
      if (!isErrorCode(error, "ESRCH")) throw error;
    }
  }
}

function eachLine(input: Readable | null, onLine: (line: string) => void): void {
  if (input !== null) createInterface({ input }).on("line", onLine);
}
