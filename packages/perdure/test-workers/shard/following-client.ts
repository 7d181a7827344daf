import type { Problem, ShardServerFrame } from "../../src/protocol/index.ts";
import type { ShardIdentity } from "../../src/shard/index.ts";
import { View } from "../../test/shard/subscriber.ts";
import type { ShardSocket } from "./shard-socket.ts";
import { openShard } from "./shard-socket.ts";

/** A query that a client follows. */
export interface Asked {
  readonly functionPath: string;
  readonly args: string | number | null;
}

/** What a call came to: `lost` where the socket closed before its answer. */
export type Outcome =
  | { readonly t: "result"; readonly position: number; readonly value: unknown }
  | { readonly t: "refused"; readonly error: Problem }
  | { readonly t: "lost" };

/** A view that was not what the query answered. */
export interface Difference extends Asked {
  readonly identity: string;
  readonly position: number;
  readonly seen: string;
  readonly fresh: string;
}

interface Followed {
  readonly asked: Asked;
  view: View | undefined;
  /** Whether it has begun on the socket that is open. */
  isStanding: boolean;
  /** Up to where it was followed. */
  position: number;
  settle: () => void;
}

/** A client of a shard, by the words of the protocol alone: its sockets come and go, and it says how far it has followed. */
export class FollowingClient {
  readonly identity: ShardIdentity | null;
  /** How subscriptions began. */
  readonly starts = { seed: 0, missed: 0, reset: 0, refused: 0 };
  readonly differences: Difference[] = [];
  /** Frames whose position was below that of the one before. */
  fallen = 0;
  readonly #stub: Pick<Fetcher, "fetch">;
  readonly #followed = new Map<number, Followed>();
  /** Calls under way by their ids: one may be made twice at once. */
  readonly #calls = new Map<string, ((outcome: Outcome) => void)[]>();
  #socket: ShardSocket | undefined;
  #coming: Promise<void> | undefined;
  #position = 0;
  #lastId = 0;

  constructor(stub: Pick<Fetcher, "fetch">, identity: ShardIdentity | null) {
    this.#stub = stub;
    this.identity = identity;
  }

  get isThere(): boolean {
    return this.#socket !== undefined;
  }

  /** What it follows, by id. */
  get ids(): readonly number[] {
    return [...this.#followed.keys()];
  }

  /** Opens a socket, and goes on with all that it follows; settles when each has begun. */
  come(): Promise<void> {
    return (this.#coming ??= this.#come().finally(() => {
      this.#coming = undefined;
    }));
  }

  async #come(): Promise<void> {
    const socket = await openShard(this.#stub, { identity: this.identity });
    this.#socket = socket;
    this.#position = 0;
    socket.socket.addEventListener("message", ({ data }) => {
      if (this.#socket === socket) this.#hear(JSON.parse(String(data)) as ShardServerFrame);
    });
    await Promise.all([...this.#followed].map(([id, one]) => this.#subscribe(id, one)));
  }

  /** Closes the socket; what is under way is lost. */
  leave(): void {
    this.#socket?.close();
    this.#socket = undefined;
    for (const one of this.#followed.values()) {
      one.isStanding = false;
      one.settle();
    }
    const lost = [...this.#calls.values()].flat();
    this.#calls.clear();
    for (const settle of lost) settle({ t: "lost" });
  }

  /** Follows one more query; settles when it has begun, or was refused. */
  follow(asked: Asked): Promise<void> {
    this.#lastId += 1;
    const one = { asked, view: undefined, isStanding: false, position: 0, settle: () => {} };
    this.#followed.set(this.#lastId, one);
    return this.#subscribe(this.#lastId, one);
  }

  unfollow(id: number): void {
    this.#followed.get(id)?.settle();
    this.#followed.delete(id);
    this.#socket?.send({ t: "unsubscribe", id });
  }

  call(id: string, functionPath: string, args: unknown): Promise<Outcome> {
    return this.#ask(id, { functionPath, args }, (outcome) => outcome);
  }

  /** Asks for what it follows as well, and compares at the moment of the answer. Answers how many were compared. */
  async compare(): Promise<number> {
    const compared = [...this.#followed].map(([id, one]) =>
      this.#ask(`compare-${crypto.randomUUID()}`, one.asked, (outcome) =>
        this.#compare(id, one, outcome),
      ),
    );
    return (await Promise.all(compared)).filter(Boolean).length;
  }

  /** Makes something of an answer at the moment at which it comes: before the next frame does. */
  #ask<T>(
    id: string,
    call: { readonly functionPath: string; readonly args: unknown },
    make: (outcome: Outcome) => T,
  ): Promise<T> {
    const { promise, resolve } = Promise.withResolvers<T>();
    const answer = (outcome: Outcome) => resolve(make(outcome));
    if (this.#socket === undefined) answer({ t: "lost" });
    else {
      this.#calls.set(id, [...(this.#calls.get(id) ?? []), answer]);
      this.#socket.send({ t: "call", id, ...call });
    }
    return promise;
  }

  #compare(id: number, one: Followed, outcome: Outcome): boolean {
    // It may have ended, or not begun yet.
    if (outcome.t === "lost" || this.#followed.get(id) !== one || !one.isStanding) return false;
    const seen = JSON.stringify(one.view?.value);
    const fresh = JSON.stringify(outcome.t === "result" ? outcome.value : { error: outcome.error });
    const identity = this.identity?.subject ?? "nobody";
    if (seen !== fresh)
      this.differences.push({ ...one.asked, identity, position: this.#position, seen, fresh });
    return true;
  }

  #subscribe(id: number, one: Followed): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    one.settle = resolve;
    const since = one.view === undefined ? undefined : one.position;
    if (this.#socket === undefined) resolve();
    this.#socket?.send({ t: "subscribe", id, ...one.asked, since });
    return promise;
  }

  #hear(frame: ShardServerFrame): void {
    // A call that is repeated answers where it was made.
    if ("position" in frame && frame.t !== "result") {
      if (frame.position < this.#position) this.fallen += 1;
      this.#position = Math.max(this.#position, frame.position);
    }
    switch (frame.t) {
      case "subscribed": {
        const one = this.#followed.get(frame.id);
        if (one !== undefined) one.view = new View(frame.key, one.view?.value);
        break;
      }
      case "seed":
      case "reset":
      case "missed": {
        const one = this.#followed.get(frame.id);
        if (one?.view === undefined) break;
        if (frame.t !== "missed") one.view.value = frame.value;
        else for (const change of frame.changes) one.view.apply(change);
        one.isStanding = true;
        this.starts[frame.t] += 1;
        one.settle();
        break;
      }
      case "commit":
        for (const [id, change] of frame.changes) this.#followed.get(id)?.view?.apply(change);
        break;
      case "refused":
        if (typeof frame.id === "string") this.#answer(frame.id, frame);
        else {
          this.#followed.get(frame.id)?.settle();
          this.#followed.delete(frame.id);
          this.starts.refused += 1;
        }
        break;
      case "result":
        this.#answer(frame.id, frame);
        break;
      default:
        throw new Error(`The socket closes: ${JSON.stringify(frame)}`);
    }
    for (const one of this.#followed.values()) if (one.isStanding) one.position = this.#position;
  }

  #answer(id: string, outcome: Outcome): void {
    this.#calls.get(id)?.shift()?.(outcome);
  }
}
