import type { ChildProcess } from "node:child_process";
import { fork } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { isObject } from "perdure/protocol";
import type { PooledRunner } from "./runner-pool.ts";

/** How long a runner may take to say for how long it has been idle, in milliseconds. */
const ANSWER_MS = 1_000;

/** How long a runner may take to leave: it ends its agent, which is given a second, and closes its connection. */
const LEAVE_MS = 4_000;

/** How long a runner may take to end its turn, hand over what it holds and end its agent; then it is killed. */
const STOP_MS = 5_000;

/** Variables that are the gateway's alone. */
const PRIVATE_VARIABLES: ReadonlySet<string> = new Set(["PERDURE_GATEWAY_SECRET"]);

/** A runner that this gateway has started. It outlives the gateway where that is killed. */
export class RunnerChild implements PooledRunner {
  readonly #child: ChildProcess;
  readonly #gone: Promise<void>;
  #isRunning = true;
  #isLeaving = false;

  /**
   * @param program The path of this program.
   * @param parameters The command `run` and all that belongs to it.
   * @param onExit Called once, with how it ended in words.
   */
  constructor(program: string, parameters: readonly string[], onExit: (how: string) => void) {
    const variables = Object.entries(process.env).filter(([name]) => !PRIVATE_VARIABLES.has(name));
    this.#child = fork(program, parameters, {
      env: Object.fromEntries(variables),
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
    this.#child.on("message", (message) => {
      if (isObject(message) && message["leaving"] === true) this.#isLeaving = true;
    });
    this.#gone = new Promise((resolve) => {
      const end = (how: string): void => {
        if (!this.#isRunning) return;
        this.#isRunning = false;
        onExit(how);
        resolve();
      };
      this.#child.once("error", (error) => end(error.message));
      this.#child.once("exit", (code, signal) =>
        end(signal === null ? `exit code ${code}` : `signal ${signal}`),
      );
    });
  }

  isRunning(): boolean {
    return this.#isRunning;
  }

  isLeaving(): boolean {
    return this.#isLeaving;
  }

  async idleFor(): Promise<number | undefined> {
    if (!this.#tell({ ask: "idle" })) return undefined;
    const answered = once(this.#child, "message", { signal: AbortSignal.timeout(ANSWER_MS) });
    const [answer] = await answered.catch((): unknown[] => []);
    const idleMs = isObject(answer) ? answer["idleMs"] : undefined;
    return typeof idleMs === "number" ? idleMs : undefined;
  }

  async leave(): Promise<void> {
    if (this.#tell({ ask: "leave" })) await this.#goneWithin(LEAVE_MS);
  }

  async stop(): Promise<void> {
    this.#child.kill("SIGTERM");
    if (!(await this.#goneWithin(STOP_MS))) this.#child.kill("SIGKILL");
    await this.#gone;
  }

  #tell(message: object): boolean {
    return this.#isRunning && this.#child.connected && this.#child.send(message);
  }

  async #goneWithin(milliseconds: number): Promise<boolean> {
    const timer = new AbortController();
    const late = sleep(milliseconds, undefined, { signal: timer.signal }).catch(() => {});
    await Promise.race([this.#gone, late]);
    timer.abort();
    return !this.#isRunning;
  }
}
