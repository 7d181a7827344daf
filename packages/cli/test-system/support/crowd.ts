import type { ChildProcess } from "node:child_process";
import { fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { isObject } from "perdure/protocol";
import type { SeatReport } from "./crowd-seat.ts";

/** What a crowd's process is told to do. */
export type Order =
  /** One reader for each session that is named; a name may be there many times. */
  | {
      readonly do: "sit";
      readonly url: string;
      readonly token: string;
      readonly sessions: readonly string[];
    }
  | { readonly do: "connect" | "cut" | "report" }
  /** Wait until every reader has a session's events up to these positions. */
  | { readonly do: "wait"; readonly heads: Readonly<Record<string, number>> };

/** Many readers in processes of their own. */
export class Crowd {
  readonly #processes: readonly ChildProcess[];

  private constructor(processes: readonly ChildProcess[]) {
    this.#processes = processes;
  }

  /** Starts so many processes with the readers dealt out among them; nobody is connected yet. */
  static async start(
    processes: number,
    options: { readonly url: string; readonly token: string; readonly sessions: readonly string[] },
  ): Promise<Crowd> {
    const program = join(import.meta.dirname, "crowd-process.ts");
    const crowd = new Crowd(Array.from({ length: processes }, () => fork(program)));
    await crowd.#each((index) => ({
      ...options,
      do: "sit",
      sessions: options.sessions.filter((_, seat) => seat % processes === index),
    }));
    return crowd;
  }

  /** Connects everybody who is not; resolves when all are live. */
  async connect(): Promise<void> {
    await this.#each(() => ({ do: "connect" }));
  }

  /** Resolves when every reader has a session's events up to these positions. */
  async untilAllHave(heads: Readonly<Record<string, number>>): Promise<void> {
    await this.#each(() => ({ do: "wait", heads }));
  }

  /** Breaks every connection at once. */
  async cut(): Promise<void> {
    await this.#each(() => ({ do: "cut" }));
  }

  /** What became of every reader since the cut. */
  async report(): Promise<readonly SeatReport[]> {
    return (await this.#each(() => ({ do: "report" }))).flat() as readonly SeatReport[];
  }

  /** Ends the processes. */
  async end(): Promise<void> {
    await Promise.all(
      this.#processes.map(async (child) => {
        if (child.exitCode !== null || child.signalCode !== null) return;
        child.kill("SIGKILL");
        await once(child, "exit");
      }),
    );
  }

  #each(order: (index: number) => Order): Promise<readonly unknown[]> {
    return Promise.all(this.#processes.map((child, index) => command(child, order(index))));
  }
}

async function command(child: ChildProcess, order: Order): Promise<unknown> {
  const ended = once(child, "exit").then(() => {
    throw new Error("A crowd's process has ended.");
  });
  const answered = once(child, "message");
  child.send(order);
  const [answer]: unknown[] = await Promise.race([answered, ended]);
  ended.catch(() => {});
  if (isObject(answer) && "answer" in answer) return answer["answer"];
  throw new Error(isObject(answer) ? String(answer["error"]) : "It answered nothing.");
}
