/** Who follows which live query: in memory by query, and with each socket over hibernation. */

import type { Link } from "../object/index.ts";
import { isObject, MAX_SUBSCRIPTIONS_PER_SOCKET, PerdureError } from "../protocol/index.ts";
import type { SubscribeRequest } from "./requests.ts";

/** A query that a socket follows. */
export interface Subscription {
  readonly link: Link;
  /** Names it on its socket. */
  readonly id: number;
  /** That of the live query; `NO_QUERY` where nothing is stored. */
  readonly queryId: number;
  /** What was asked for, until there is a live query. */
  readonly asked?: Pick<SubscribeRequest, "functionPath" | "args"> | undefined;
}

/** What is kept with a socket: ids, each with that of its live query, or with what was asked for. */
interface Kept {
  readonly subscriptions?: readonly (readonly [
    id: number,
    queryId: number,
    asked?: Subscription["asked"],
  ])[];
}

/** The subscriptions of all sockets of an object. */
export class Subscriptions {
  readonly #bySocket = new Map<string, Map<number, Subscription>>();
  readonly #byQuery = new Map<number, Set<Subscription>>();

  /** @param links Those that are open: what they follow has outlived the object's memory. */
  constructor(links: readonly Link[]) {
    for (const link of links) {
      const { kept } = link.attachment;
      const { subscriptions = [] }: Kept = isObject(kept) ? kept : {};
      for (const [id, queryId, asked] of subscriptions)
        this.#remember({ link, id, queryId, asked });
    }
  }

  /** The live query of each subscription; as often as there are subscriptions. */
  get queryIds(): readonly number[] {
    return [...this.#byQuery].flatMap(([queryId, all]) => Array.from(all, () => queryId));
  }

  /** Those that follow a query. */
  of(queryId: number): Iterable<Subscription> {
    return this.#byQuery.get(queryId) ?? [];
  }

  /** Throws where a socket cannot have one more, or not of this id: `too_many_queries`, `bad_request`. */
  check(link: Link, id: number): void {
    const known = this.#bySocket.get(link.attachment.id);
    if (known?.has(id) === true)
      throw new PerdureError("bad_request", `The subscription ${id} is open: take another id.`);
    if ((known?.size ?? 0) >= MAX_SUBSCRIPTIONS_PER_SOCKET)
      throw new PerdureError(
        "too_many_queries",
        `This socket has its ${MAX_SUBSCRIPTIONS_PER_SOCKET} subscriptions; unsubscribe from some.`,
      );
  }

  /** Keeps a subscription. Throws `too_large` where it does not fit beside what else is kept with the socket. */
  add(subscription: Subscription): void {
    this.#remember(subscription);
    try {
      this.#keep(subscription.link);
    } catch (error) {
      this.#forget(subscription);
      throw error;
    }
  }

  /** Ends a subscription, and answers its live query; undefined where it is none. */
  remove(link: Link, id: number): number | undefined {
    const subscription = this.#bySocket.get(link.attachment.id)?.get(id);
    if (subscription === undefined) return undefined;
    this.#forget(subscription);
    this.#keep(link);
    return subscription.queryId;
  }

  /** A socket is gone. Answers the live query of each of its subscriptions. */
  end(link: Link): readonly number[] {
    const ended = [...(this.#bySocket.get(link.attachment.id)?.values() ?? [])];
    for (const subscription of ended) this.#forget(subscription);
    return ended.map(({ queryId }) => queryId);
  }

  #remember(subscription: Subscription): void {
    const { link, id, queryId } = subscription;
    const ofSocket = this.#bySocket.get(link.attachment.id) ?? new Map<number, Subscription>();
    this.#bySocket.set(link.attachment.id, ofSocket.set(id, subscription));
    const ofQuery = this.#byQuery.get(queryId) ?? new Set<Subscription>();
    this.#byQuery.set(queryId, ofQuery.add(subscription));
  }

  #forget(subscription: Subscription): void {
    const { link, id, queryId } = subscription;
    const ofSocket = this.#bySocket.get(link.attachment.id);
    ofSocket?.delete(id);
    if (ofSocket?.size === 0) this.#bySocket.delete(link.attachment.id);
    const ofQuery = this.#byQuery.get(queryId);
    ofQuery?.delete(subscription);
    if (ofQuery?.size === 0) this.#byQuery.delete(queryId);
  }

  #keep(link: Link): void {
    const ofSocket = this.#bySocket.get(link.attachment.id) ?? new Map<number, Subscription>();
    const subscriptions = Array.from(ofSocket.values(), ({ id, queryId, asked }) =>
      asked === undefined ? ([id, queryId] as const) : ([id, queryId, asked] as const),
    );
    const kept: Kept = { subscriptions };
    link.attach({ kept });
  }
}
