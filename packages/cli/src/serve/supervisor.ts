import { setTimeout as sleep } from "node:timers/promises";
import { ServeError } from "./serve-error.ts";
import { restartDelay } from "./restart-backoff.ts";
import { requestDrain, untilHealthy } from "./worker-requests.ts";
import type { LogEntry } from "./workerd-log.ts";
import { formatLogEntry, isImportant, parseLogLine } from "./workerd-log.ts";
import type { WorkerdCommand } from "./workerd-process.ts";
import { WorkerdProcess } from "./workerd-process.ts";

const READY_TIMEOUT_MS = 10_000;

/** How long workerd may take to end by itself; it does not while a client holds a stream open. */
const TERMINATE_TIMEOUT_MS = 1_500;

/** What a supervisor needs to know. */
export interface SupervisorOptions extends Omit<WorkerdCommand, "onLine"> {
  /** Base URL under which this machine reaches workerd. */
  readonly url: string;
  /** Gets the id of each workerd before it runs, and null when none runs. */
  readonly onProcess: (pid: number | null) => void;
  /** Gets each line for the person at the terminal. */
  readonly report: (line: string) => void;
  /** Reports everything that workerd writes; only errors by default. */
  readonly verbose?: boolean | undefined;
}

/** Keeps one workerd running: starts it again after a crash, and ends it in order. */
export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #stopped = new AbortController();
  #workerd: WorkerdProcess | undefined;
  #readyAt: number | undefined;
  #stopping: Promise<void> | undefined;

  constructor(options: SupervisorOptions) {
    this.#options = options;
  }

  /** Resolves when workerd answers. Throws `not_ready` where it ends before, or takes longer than ten seconds. */
  async start(): Promise<void> {
    await this.#launch();
    void this.#keepRunning();
  }

  /** Closes all connections and ends workerd, within five seconds whatever is open. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  /** Ends workerd at once and for good. Nothing that it acknowledged is lost. */
  kill(): void {
    this.#stopped.abort();
    this.#workerd?.kill("SIGKILL");
  }

  async #launch(): Promise<void> {
    this.#readyAt = undefined;
    const workerd = new WorkerdProcess({
      ...this.#options,
      onLine: (line) => this.#log(parseLogLine(line)),
    });
    this.#workerd = workerd;
    try {
      if (workerd.pid !== undefined) this.#options.onProcess(workerd.pid);
      workerd.proceed();
      await this.#untilReady(workerd);
      this.#readyAt = performance.now();
    } catch (error) {
      workerd.kill("SIGKILL");
      await workerd.ended;
      throw error;
    }
  }

  async #untilReady(workerd: WorkerdProcess): Promise<void> {
    const timeout = AbortSignal.timeout(READY_TIMEOUT_MS);
    const finished = new AbortController();
    const signal = AbortSignal.any([timeout, finished.signal, this.#stopped.signal]);
    // Another program may answer on the port while workerd fails to get it: first workerd has to say that it listens.
    const ready = workerd.listening.then(() => untilHealthy(this.#options.url, signal));
    const ended = workerd.ended.then(({ reason }) => {
      throw notReady(`ended with ${reason} before it was ready`);
    });
    const cut = new Promise<never>((_, reject) => {
      signal.addEventListener("abort", () => reject(notReady("did not answer within ten seconds")));
    });
    try {
      await Promise.race([ready, ended, cut]);
    } finally {
      finished.abort();
    }
  }

  async #keepRunning(): Promise<void> {
    const { report, onProcess } = this.#options;
    let delay: number | undefined;
    while (this.#workerd !== undefined) {
      const { reason } = await this.#workerd.ended;
      if (this.#isStopped) return;
      const healthyFor = this.#readyAt === undefined ? 0 : performance.now() - this.#readyAt;
      delay = restartDelay(delay, healthyFor);
      report(`workerd ended with ${reason}: starting it again in ${delay} ms.`);
      try {
        onProcess(null);
        await sleep(delay, undefined, { signal: this.#stopped.signal });
        await this.#launch();
        report("workerd runs again.");
      } catch (error) {
        if (this.#isStopped) return;
        report(error instanceof Error ? error.message : String(error));
      }
    }
  }

  async #stop(): Promise<void> {
    this.#stopped.abort();
    const workerd = this.#workerd;
    if (workerd === undefined) return;
    if (this.#readyAt !== undefined && !workerd.hasEnded)
      await requestDrain(this.#options.url, this.#options.secrets.PERDURE_ADMIN_SECRET);
    workerd.kill("SIGTERM");
    const giveUp = new AbortController();
    const timeout = sleep(TERMINATE_TIMEOUT_MS, undefined, { signal: giveUp.signal });
    await Promise.race([workerd.ended, timeout]);
    giveUp.abort();
    workerd.kill("SIGKILL");
    await workerd.ended;
  }

  get #isStopped(): boolean {
    return this.#stopped.signal.aborted;
  }

  #log(entry: LogEntry): void {
    const text = formatLogEntry(entry, Object.values(this.#options.secrets));
    // What goes wrong while connections are being cut is no news.
    if (this.#options.verbose === true || (isImportant(entry) && !this.#isStopped))
      this.#options.report(text);
  }
}

function notReady(what: string): ServeError {
  return new ServeError(
    "not_ready",
    `workerd ${what}: see what it says, or ask for more with --verbose.`,
  );
}
