/** What is called of a shard: mutations, with what they show before they are answered, and queries that are asked once. */

import type { Problem, ShardServerFrame } from "../protocol/index.ts";
import { CLIENT_FRAME_BURST, MAX_SUBSCRIPTIONS_PER_SOCKET } from "../protocol/index.ts";
import { Outbox } from "./outbox.ts";
import type { OutboxStore } from "./outbox-store.ts";
import { Pace } from "./pace.ts";
import type {
  OptimisticUpdates,
  OptimisticViews,
  PendingMutation,
  ShardCall,
} from "./shard-client-options.ts";
import type { OptimisticLayers } from "./shard-layers.ts";
import { recordUpdates } from "./shard-optimistic.ts";
import type { ShardFunctionTypes } from "./shard-types.ts";
import { uuidv7 } from "./uuid.ts";

/** Calls at once: what a server allows beside all subscriptions of a socket, a hello and some acknowledgements. */
const CALL_BURST = CLIENT_FRAME_BURST - MAX_SUBSCRIPTIONS_PER_SOCKET - 12;

interface ShardCallsOptions<Shard extends ShardFunctionTypes> {
  /** Where mutations wait. */
  readonly store: OutboxStore<ShardCall> | undefined;
  readonly optimistic: OptimisticUpdates<Shard> | undefined;
  readonly layers: OptimisticLayers;
  readonly now: () => number;
  /** Puts a frame on the link. False where there is none. */
  readonly send: (text: string) => boolean;
  /** What a query shows now. */
  readonly valueOf: (key: string) => unknown;
  /** `pending` has changed. */
  readonly onChange: () => void;
  /** A mutation of an earlier page was refused: nobody waits for it. */
  readonly onRefused: (problem: Problem, functionPath: string) => void;
}

/** What a mutation does to views. */
type Update<Shard extends ShardFunctionTypes> = (views: OptimisticViews<Shard>) => void;

/** What a call was answered. */
interface Answer {
  readonly value: unknown;
}

export class ShardCalls<Shard extends ShardFunctionTypes> {
  readonly #options: ShardCallsOptions<Shard>;
  readonly #mutations: Outbox<ShardCall, Answer>;
  readonly #queries: Outbox<ShardCall, Answer>;
  /** Ids of mutations that somebody on this page waits for. */
  readonly #awaited = new Set<string>();
  /** Whom the shard takes this client for. */
  #who: string | undefined;

  constructor(options: ShardCallsOptions<Shard>) {
    const parts = {
      now: options.now,
      send: options.send,
      frameOf: (id: string, { functionPath, args }: ShardCall) =>
        JSON.stringify({ t: "call", id, functionPath, args }),
      claim: (call: ShardCall) => this.#claim(call),
    };
    this.#options = options;
    const onChange = () => this.#onPending();
    this.#mutations = new Outbox({ ...parts, store: options.store, onChange });
    this.#queries = new Outbox({ ...parts, store: undefined, onChange: () => {} });
    this.#layer();
  }

  /** Mutations without an answer, oldest first. A new list whenever it changes. */
  get pending(): readonly PendingMutation[] {
    return this.#mutations.entries;
  }

  /** Whether a mutation may wait, be it one that turns out to be another's. */
  get mayWait(): boolean {
    return !this.#mutations.isEmpty;
  }

  /** Calls a mutation. @param update What it shows before it is answered; default: as the options say. */
  async mutate(
    functionPath: string,
    args: unknown,
    { id = uuidv7(this.#options.now()), update }: { id?: string; update?: Update<Shard> },
  ): Promise<unknown> {
    if (update !== undefined && !this.#options.layers.has(id)) this.#add(id, update);
    this.#awaited.add(id);
    try {
      const { value } = await this.#mutations.execute({ functionPath, args, who: this.#who }, id);
      return value;
    } finally {
      this.#awaited.delete(id);
      // One that was not taken shows nothing.
      this.#onPending();
    }
  }

  /** Calls a query. */
  async query(functionPath: string, args: unknown): Promise<unknown> {
    const call = { functionPath, args, who: this.#who };
    const { value } = await this.#queries.execute(call, undefined);
    return value;
  }

  /** The shard has said whom it takes this client for: everything that is this one's is sent again, in order. */
  onWelcome(who: string): void {
    const pace = new Pace(this.#options.now(), CALL_BURST);
    this.#who = who;
    this.#mutations.onOpen(pace);
    this.#queries.onOpen(pace);
  }

  /** The connection is gone. */
  onDrop(): void {
    this.#mutations.onDrop();
    this.#queries.onDrop();
  }

  /** No answer will come. */
  onFinal(problem: Problem): void {
    this.#mutations.abandon(problem);
    this.#queries.abandon(problem);
  }

  /** A commit of this client's own: what it changed comes with it. */
  onCommit(id: string, position: number): void {
    this.#options.layers.settle(id, position);
  }

  onAnswer(
    frame: Extract<ShardServerFrame, { readonly t: "result" | "refused" }> & {
      readonly id: string;
    },
  ): void {
    const answer =
      frame.t === "result"
        ? ({ ok: true, result: frame } as const)
        : ({ ok: false, error: frame.error } as const);
    if (frame.t === "result") this.onCommit(frame.id, frame.position);
    else if (!this.#awaited.has(frame.id)) this.#tellRefusal(frame.id, frame.error);
    this.#mutations.settle(frame.id, answer);
    this.#queries.settle(frame.id, answer);
  }

  #tellRefusal(id: string, problem: Problem): void {
    const call = this.pending.find((one) => one.id === id)?.command;
    if (call !== undefined) this.#options.onRefused(problem, call.functionPath);
  }

  #onPending(): void {
    this.#layer();
    this.#options.onChange();
  }

  /** What waits has its layers, and nothing else has one. */
  #layer(): void {
    const { pending } = this;
    const { layers } = this.#options;
    layers.keep(new Set(pending.map(({ id }) => id)));
    for (const { id, command } of pending)
      if (!layers.has(id)) this.#add(id, this.#updateOf(command));
  }

  #add(id: string, update: Update<Shard>): void {
    this.#options.layers.add(id, recordUpdates(update, this.#options.valueOf));
  }

  /** What the options say of a mutation. */
  #updateOf({ functionPath, args }: ShardCall): Update<Shard> {
    const updates: Readonly<Record<string, unknown>> = this.#options.optimistic ?? {};
    const name = functionPath.slice("mutations.".length);
    const update = Object.hasOwn(updates, name) ? updates[name] : undefined;
    return typeof update === "function" ? (views) => void update(views, args) : () => {};
  }

  /** A call that waits is sent for the identity alone for which it was asked. */
  #claim(call: ShardCall): ShardCall | undefined {
    if (call.who === this.#who) return call;
    return call.who === undefined ? { ...call, who: this.#who } : undefined;
  }
}
