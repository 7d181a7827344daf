/** What a client follows: asks for it on each connection, and takes what comes. */

import type { Problem, QueryChange, ShardServerFrame, SubscribeFrame } from "../protocol/index.ts";
import { errorOf, MAX_SUBSCRIPTIONS_PER_SOCKET } from "../protocol/index.ts";
import { Pace } from "./pace.ts";
import type { OptimisticLayers } from "./shard-layers.ts";
import type { QueryCall } from "./shard-query.ts";
import { ShardQuery } from "./shard-query.ts";

/** How long frames wait that were held back to keep the pace. */
const PACE_INTERVAL_MS = 200;

interface ShardFeedOptions {
  readonly now: () => number;
  readonly lingerMs: number;
  readonly layers: OptimisticLayers;
  /** Puts a frame on the link. */
  readonly send: (text: string) => void;
  /** The connection tells of the past: it is of no use. */
  readonly onBroken: () => void;
}

export class ShardFeed {
  readonly #options: ShardFeedOptions;
  readonly #queries = new Map<string, ShardQuery>();
  /** Subscriptions that stand, or are asked for, on the present connection. */
  readonly #open = new Map<number, ShardQuery>();
  /** Of the present connection: those to be ended. */
  #ended: number[] = [];
  #nextId = 0;
  /** Of the last frame: all that is live is as of there. */
  #position = 0;
  #pace: Pace | undefined;
  /** Whether the shard has said whom it takes this client for. */
  #isWelcome = false;
  #isEager = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Why nothing is followed any more. */
  #end: Problem | undefined;

  constructor(options: ShardFeedOptions) {
    this.#options = options;
  }

  find(key: string): ShardQuery | undefined {
    return this.#queries.get(key);
  }

  /** Whether everything that was asked for is here. */
  get isAnswered(): boolean {
    return [...this.#queries.values()].every(
      ({ id, isLive, refusal }) => id !== undefined && (isLive || refusal !== undefined),
    );
  }

  /** Follows a query. @returns A function that ends this; calling it again has no effect. */
  listen(call: QueryCall, listener: () => void): () => void {
    const query = this.#queries.get(call.key) ?? this.#add(call);
    clearTimeout(query.lingering);
    query.holders += 1;
    // A function that listens twice is called twice.
    const remove = query.listeners.add(() => listener());
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      remove();
      query.holders -= 1;
      if (query.holders > 0) return;
      query.lingering = setTimeout(() => this.#remove(query), this.#options.lingerMs);
    };
  }

  /** A connection was opened. @param isEager Whether what nothing is known of may be asked for before the welcome. */
  onOpen(isEager: boolean): void {
    this.#pace = new Pace(this.#options.now(), MAX_SUBSCRIPTIONS_PER_SOCKET);
    this.#isEager = isEager;
    this.#end = undefined;
    for (const query of this.#queries.values()) query.refusal = undefined;
    this.#flush();
  }

  /** This client is somebody else now, to whom nothing that is here may be shown. */
  forget(): void {
    for (const query of this.#queries.values()) query.forget();
  }

  /** The shard's positions are not those of before: what is here stays until it comes anew. */
  restart(): void {
    for (const query of this.#queries.values()) query.since = undefined;
  }

  /** The shard has said who this client is. */
  onWelcome(): void {
    this.#isWelcome = true;
    this.#flush();
  }

  /** The connection is gone. */
  onDrop(): void {
    for (const query of this.#queries.values()) query.onDrop(this.#position);
    this.#open.clear();
    this.#ended = [];
    this.#position = 0;
    this.#pace = undefined;
    this.#isWelcome = false;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** Nothing will come any more. */
  onFinal(problem: Problem): void {
    this.#end = problem;
    for (const query of this.#queries.values()) query.refusal = errorOf(problem);
  }

  /** A call was answered: all that is live is as of here, or later where it was answered before. */
  advance(position: number): void {
    this.#position = Math.max(this.#position, position);
  }

  onFrame(frame: ShardServerFrame): void {
    switch (frame.t) {
      case "subscribed": {
        const query = this.#open.get(frame.id);
        if (query !== undefined) query.columns = frame.key;
        return;
      }
      case "seed":
      case "reset":
        return this.#begin(frame, (query) => query.replace(frame.value));
      case "missed":
        return this.#begin(frame, (query) => {
          for (const change of frame.changes) query.apply(change);
        });
      case "commit":
        this.#moveTo(frame.position);
        for (const [id, change] of frame.changes) this.#change(id, change);
        return;
      case "refused":
        if (typeof frame.id === "number") this.#onRefused(frame.id, frame.error);
        return;
      default:
        // Of calls, or of the link.
        return;
    }
  }

  /** Makes all views anew. @returns Tells those who listen to one that is another. */
  compose(): () => void {
    const { layers } = this.#options;
    const changed = [...this.#queries.values()].filter((query) =>
      query.compose(layers, this.#position),
    );
    layers.prune((key, position) => {
      const query = this.#queries.get(key);
      if (query?.hasResult !== true) return false;
      return (query.isLive ? this.#position : (query.since ?? 0)) < position;
    });
    return () => {
      for (const { listeners } of changed) listeners.emit();
    };
  }

  #moveTo(position: number): void {
    if (position >= this.#position) {
      this.#position = position;
      return;
    }
    // Positions never fall, but where the shard's storage is one from before.
    this.onDrop();
    this.restart();
    this.#options.onBroken();
  }

  #add(call: QueryCall): ShardQuery {
    const query = new ShardQuery(call);
    if (this.#end !== undefined) query.refusal = errorOf(this.#end);
    this.#queries.set(call.key, query);
    this.#flush();
    return query;
  }

  #remove(query: ShardQuery): void {
    this.#queries.delete(query.call.key);
    this.#unsubscribe(query);
    // There is room for one that had none.
    for (const one of this.#queries.values())
      if (one.refusal?.code === "too_many_queries") one.id = undefined;
    this.#flush();
  }

  #unsubscribe(query: ShardQuery): void {
    query.isLive = false;
    if (query.id !== undefined && this.#open.delete(query.id)) this.#ended.push(query.id);
    query.id = undefined;
  }

  #begin(
    { id, position }: { readonly id: number; readonly position: number },
    take: (query: ShardQuery) => void,
  ): void {
    this.#moveTo(position);
    const query = this.#open.get(id);
    if (query === undefined) return;
    query.refusal = undefined;
    query.isLive = true;
    this.#trying(query, take);
  }

  #change(id: number, change: QueryChange): void {
    // One that has just been ended is told of for a while.
    const query = this.#open.get(id);
    if (query !== undefined) this.#trying(query, () => query.apply(change));
  }

  /** A change that does not belong to the result shows that one is missing: the result is asked for anew. */
  #trying(query: ShardQuery, take: (query: ShardQuery) => void): void {
    try {
      take(query);
    } catch {
      this.#unsubscribe(query);
      query.since = undefined;
      this.#flush();
    }
  }

  #onRefused(id: number, error: Problem): void {
    const query = this.#open.get(id);
    if (query === undefined) return;
    // Its id stays: it is asked for again on the next connection.
    this.#open.delete(id);
    query.isLive = false;
    if (error.code === "forbidden") query.forget();
    query.refusal = errorOf(error);
  }

  #flush(): void {
    if (this.#timer !== undefined) return;
    for (const send of this.#due()) {
      if (this.#pace?.take(this.#options.now()) !== true) {
        if (this.#pace !== undefined)
          this.#timer = setTimeout(() => {
            this.#timer = undefined;
            this.#flush();
          }, PACE_INTERVAL_MS);
        return;
      }
      send();
    }
  }

  /** What there is to be sent. */
  *#due(): Generator<() => void> {
    for (const id of this.#ended)
      yield () => {
        this.#ended = this.#ended.slice(1);
        this.#options.send(JSON.stringify({ t: "unsubscribe", id }));
      };
    for (const query of this.#queries.values())
      // What was followed before may be another's.
      if (query.id === undefined && (this.#isWelcome || (this.#isEager && !query.hasResult)))
        yield () => this.#ask(query);
  }

  #ask(query: ShardQuery): void {
    const { functionPath, args } = query.call;
    const id = this.#nextId;
    const since = query.hasResult ? query.since : undefined;
    const frame: SubscribeFrame = { t: "subscribe", id, functionPath, args, since };
    this.#nextId += 1;
    query.id = id;
    this.#open.set(id, query);
    this.#options.send(JSON.stringify(frame));
  }
}
