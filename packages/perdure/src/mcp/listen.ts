/** Streams of `subscriptions/listen`, as the Worker has them that answers them. */

import type {
  Subscription,
  SubscriptionCallbacks,
  SubscriptionManager,
} from "@tmcp/session-manager";
import type { Clock } from "../object/index.ts";
import { MAX_MCP_FILTER_BYTES, PerdureError } from "../protocol/index.ts";
import type { Notification, SubscriptionFilter } from "./subscription-filter.ts";
import { everyNotification, isForStreams } from "./subscription-filter.ts";

/** First wait before a lost socket is opened again, in milliseconds; each later one may be twice as long. */
const BACKOFF_MS = 200;

/** Attempts to open a lost socket again: about six seconds of trying, which a deploy takes less than. */
const ATTEMPTS = 6;

/** Why a stream ends: its server has closed it, or its client has cancelled it. */
export type ListenEnd = "closed" | "cancelled";

/** What hears of a socket. */
export interface ListenHandlers {
  /** A notification has come, as JSON. */
  readonly message: (text: string) => void;
  /** The socket is gone, and nobody here has closed it. Called once. */
  readonly lost: () => void;
}

/** How streams reach the registries. */
export interface ListenReach {
  readonly clock: Clock;
  /** From 0 to 1: how much of each wait is waited. */
  readonly random: () => number;
  /** Opens a socket on the registry that has this origin. @returns What closes it; it never throws. */
  readonly open: (
    origin: string,
    filters: SubscriptionFilter,
    handlers: ListenHandlers,
  ) => Promise<() => void>;
  /** Has every registry tell its streams of a notification, as JSON. */
  readonly notify: (notification: string) => Promise<void>;
}

/** One stream. */
interface Stream {
  readonly subscription: Subscription;
  readonly callbacks: SubscriptionCallbacks;
  /** Settles when the acknowledgement, and what has come since, is sent. */
  queue: Promise<unknown>;
  /** Closes its socket, where there is one. */
  hangUp: () => void;
  /** Set once it is to end. */
  ending: Promise<boolean> | undefined;
}

/**
 * The streams of one isolate. Each has a socket of its own to a registry, opened in the request that it answers, because no other may
 * use it; `send` in any isolate reaches all. A stream whose socket was lost hears of everything that it follows once: it may
 * have missed any of it.
 */
export class ListenStreams implements SubscriptionManager {
  readonly #reach: ListenReach;
  readonly #streams = new Map<string, Map<string | number, Stream>>();

  constructor(reach: ListenReach) {
    this.#reach = reach;
  }

  /**
   * Begins a stream: its acknowledgement first, then what matches from then on, in order.
   *
   * @returns False where the origin has a stream of this id: 1 and "1" are two.
   * @throws `too_large` where its filters are longer than `MAX_MCP_FILTER_BYTES`; what the acknowledgement rejects with; where no
   *   registry is reached, why.
   */
  async create(subscription: Subscription, callbacks: SubscriptionCallbacks): Promise<boolean> {
    checkFilters(subscription.filters);
    const acknowledgement = Promise.withResolvers<void>();
    const stream: Stream = {
      subscription,
      callbacks,
      queue: acknowledgement.promise,
      hangUp: () => {},
      ending: undefined,
    };
    if (!this.#add(stream)) return false;
    try {
      await this.#connect(stream);
      if (stream.ending === undefined) await callbacks.acknowledge();
      return true;
    } catch (error) {
      this.#remove(stream);
      stream.hangUp();
      // What came meanwhile goes to nobody.
      stream.ending ??= Promise.resolve(false);
      throw error;
    } finally {
      acknowledgement.resolve();
    }
  }

  /** Tells every stream that it matches of a notification, in whichever isolate it is. Rejects where a registry was not reached. */
  async send(notification: Notification): Promise<void> {
    if (isForStreams(notification.method)) await this.#reach.notify(JSON.stringify(notification));
  }

  /** Ends a stream when what is being sent to it is sent. @returns False where this isolate has no such stream. */
  async close(id: string | number, origin: string, reason: ListenEnd): Promise<boolean> {
    const stream = this.#streams.get(origin)?.get(id);
    if (stream === undefined) return false;
    stream.ending ??= this.#end(stream, reason);
    return stream.ending;
  }

  /** Ends every stream of this isolate, or those of an origin. */
  async closeAll(origin?: string, reason: ListenEnd = "cancelled"): Promise<void> {
    const streams = [...this.#streams]
      .filter(([one]) => origin === undefined || one === origin)
      .flatMap(([one, ofOrigin]) => [...ofOrigin.keys()].map((id) => [id, one] as const));
    await Promise.all(streams.map(([id, one]) => this.close(id, one, reason)));
  }

  async #connect(stream: Stream): Promise<void> {
    const { origin, filters } = stream.subscription;
    const hangUp = await this.#reach.open(origin, filters, {
      message: (text) => this.#enqueue(stream, JSON.parse(text) as Notification),
      lost: () => void this.#reconnect(stream),
    });
    // It has ended while the socket was opened.
    if (stream.ending === undefined) stream.hangUp = hangUp;
    else hangUp();
  }

  #enqueue(stream: Stream, notification: Notification): void {
    const sent = stream.queue.then(() =>
      stream.ending === undefined ? stream.callbacks.send(notification) : undefined,
    );
    // One that could not be sent holds up none of the others.
    stream.queue = sent.catch(() => {});
  }

  async #reconnect(stream: Stream): Promise<void> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const wait = BACKOFF_MS * 2 ** attempt * this.#reach.random();
      await new Promise<void>((resolve) => this.#reach.clock.after(wait, resolve));
      if (stream.ending !== undefined) return;
      try {
        await this.#connect(stream);
      } catch {
        continue;
      }
      for (const notification of everyNotification(stream.subscription.filters))
        this.#enqueue(stream, notification);
      return;
    }
    const { id, origin } = stream.subscription;
    await this.close(id, origin, "closed");
  }

  async #end(stream: Stream, reason: ListenEnd): Promise<boolean> {
    stream.hangUp();
    try {
      await stream.queue;
      await stream.callbacks.close(reason);
      return true;
    } finally {
      this.#remove(stream);
    }
  }

  #add(stream: Stream): boolean {
    const { id, origin } = stream.subscription;
    const streams = this.#streams.get(origin) ?? new Map<string | number, Stream>();
    if (streams.has(id)) return false;
    this.#streams.set(origin, streams.set(id, stream));
    return true;
  }

  #remove({ subscription: { id, origin } }: Stream): void {
    const streams = this.#streams.get(origin);
    streams?.delete(id);
    if (streams?.size === 0) this.#streams.delete(origin);
  }
}

function checkFilters(filters: SubscriptionFilter): void {
  const bytes = new TextEncoder().encode(JSON.stringify(filters)).length;
  if (bytes > MAX_MCP_FILTER_BYTES)
    throw new PerdureError(
      "too_large",
      `The filters of a stream have at most ${MAX_MCP_FILTER_BYTES} bytes as JSON, not ${bytes}: listen to fewer resources in each.`,
    );
}
