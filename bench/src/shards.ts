/** The contenders of the measurements of shards: Perdure's live queries, and an object that runs everything again and sends it. */

import type { PairName } from "./pair.ts";
import { withPair } from "./pair.ts";
import type { Server } from "./server.ts";
import { Progress, Socket } from "./socket.ts";
import type { BoardArgs } from "./workers/board.ts";

/** Sockets that are opened at once. */
const OPENED_AT_ONCE = 50;

/** A query to follow. */
export type Question = {
  readonly [Name in "board" | "mine" | "due"]: readonly [name: Name, args: BoardArgs[Name]];
}["board" | "mine" | "due"];

/** A mutation to call. */
export type Mutation = {
  readonly [Name in "rename" | "visit"]: readonly [name: Name, args: BoardArgs[Name]];
}["rename" | "visit"];

/** What has happened in a contender's process. */
export interface Counted {
  /** How often a query has run. */
  readonly runs: number;
  /** How often an object was loaded. */
  readonly loads: number;
}

/** One contender with its running server. */
export class ShardContender {
  readonly name: PairName;
  readonly #server: Server;

  private constructor(name: PairName, server: Server) {
    this.name = name;
    this.#server = server;
  }

  /** Starts both, has them measured, and stops them, however that ends. */
  static both<T>(
    folder: string,
    measure: (contenders: readonly ShardContender[]) => Promise<T>,
  ): Promise<T> {
    const classes = [{ binding: "BOARD", className: "Board" }];
    return withPair(
      { folder, subject: "shards" },
      () => classes,
      ({ perdure, bare }) =>
        measure([new ShardContender("perdure", perdure), new ShardContender("bare", bare)]),
    );
  }

  async counted(): Promise<Counted> {
    const response = await fetch(`http://${this.#server.address}/counted`);
    return (await response.json()) as Counted;
  }

  /** Makes a shard's tasks, dealt out to so many people. */
  async seed(shard: string, rows: number, people: number): Promise<void> {
    const response = await fetch(
      `http://${this.#server.address}/seed?shard=${shard}&rows=${rows}&people=${people}`,
    );
    if (!response.ok) throw new Error(`${this.name} answered ${response.status} to a seed.`);
  }

  /** Opens a socket of a shard. */
  open(shard: string, onFrame: (frame: unknown) => void): Promise<Socket> {
    return Socket.open(`ws://${this.#server.address}/?shard=${shard}`, onFrame);
  }
}

/** Sockets that each follow one query of a shard, and one that writes. */
export class Audience {
  readonly #followers: readonly Socket[];
  readonly #writer: Socket;
  readonly #progress: Progress;
  #answered = 0;
  #arrived = 0;

  private constructor(followers: readonly Socket[], writer: Socket, progress: Progress) {
    this.#followers = followers;
    this.#writer = writer;
    this.#progress = progress;
    writer.onFrame = (frame) => {
      if (kindOf(frame) !== "result") throw new Error(`Refused: ${JSON.stringify(frame)}`);
      this.#answered += 1;
    };
    writer.onArrival = () => progress.changed();
    for (const follower of followers)
      follower.onArrival = () => {
        this.#arrived += 1;
        progress.changed();
      };
  }

  /** Resolves when each follower has the result of its question. */
  static async open(
    contender: ShardContender,
    shard: string,
    questions: readonly Question[],
  ): Promise<Audience> {
    const followers: Socket[] = [];
    for (let from = 0; from < questions.length; from += OPENED_AT_ONCE) {
      const some = questions.slice(from, from + OPENED_AT_ONCE);
      followers.push(...(await Promise.all(some.map((one) => follow(contender, shard, one)))));
    }
    const writer = await contender.open(shard, () => {});
    return new Audience(followers, writer, new Progress());
  }

  /** Bytes that all followers have got so far, with the headers of their frames. */
  get wireBytes(): number {
    return this.#followers.reduce((sum, { wireBytes }) => sum + wireBytes, 0);
  }

  /** Calls a mutation; resolves when it is answered and so many frames have come to followers. */
  async mutate([functionPath, args]: Mutation, frames: number): Promise<void> {
    const answered = this.#answered + 1;
    const arrived = this.#arrived + frames;
    this.#writer.send({ t: "call", id: crypto.randomUUID(), functionPath, args });
    await this.#progress.until(
      `${frames} frames and an answer`,
      () => this.#answered >= answered && this.#arrived >= arrived,
    );
    if (this.#arrived > arrived) throw new Error("More frames came than were expected.");
  }

  async close(): Promise<void> {
    await Promise.all([this.#writer, ...this.#followers].map((socket) => socket.close()));
  }
}

async function follow(
  contender: ShardContender,
  shard: string,
  [functionPath, args]: Question,
): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const socket = await contender.open(shard, (frame) => {
    const kind = kindOf(frame);
    if (kind === "seed" && hasRows(frame)) resolve();
    else if (kind !== "subscribed") reject(new Error(`Not a result: ${JSON.stringify(frame)}`));
  });
  socket.send({ t: "subscribe", id: 1, functionPath, args });
  await promise;
  // What arrives from now on is counted and not parsed: on a machine of its own a page does that beside all others.
  socket.onFrame = undefined;
  return socket;
}

/** Whether there is anything in a result: a query that nothing is in is fast. */
function hasRows(frame: unknown): boolean {
  return (
    typeof frame === "object" &&
    frame !== null &&
    "value" in frame &&
    Array.isArray(frame.value) &&
    frame.value.length > 0
  );
}

function kindOf(frame: unknown): unknown {
  return typeof frame === "object" && frame !== null && "t" in frame ? frame.t : undefined;
}
