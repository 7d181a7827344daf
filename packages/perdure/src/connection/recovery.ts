/** What was sent on each socket, so that a client that comes back gets what it missed, or hears that it missed something. */

import type { Clock, Link } from "../object/index.ts";
import { KEPT_AFTER_CLOSE_MS, MAX_KEPT_BYTES, MAX_KEPT_EVENTS } from "../protocol/index.ts";
import { keep, keptWith } from "./kept.ts";
import type { WireFrame } from "./rpc.ts";

/** Bytes that are kept for all sockets of an object. */
const MAX_BYTES = 8 * 1024 * 1024;

/** Sockets that have closed and may be resumed. */
const MAX_CLOSED = 32;

/** An event that was sent, the same one for all sockets that it was sent on together. */
export interface SentEvent {
  /** Its frame. */
  readonly frame: WireFrame;
}

/** What one socket was sent. */
interface Sent {
  readonly link: Link;
  count: number;
  /** The newest, oldest first. */
  readonly events: SentEvent[];
  bytes: number;
  /** Milliseconds since 1970; undefined: it is open. */
  closedAt: number | undefined;
}

/** The newest frames of each socket. In memory only: of what an earlier memory has sent only the number is known. */
export class Recovery {
  readonly #clock: Clock;
  readonly #sent = new Map<string, Sent>();
  /** Sockets that were forgotten. */
  readonly #over = new WeakSet<Link>();
  /** Sockets whose number is to be kept with them. */
  readonly #changed = new Set<Sent>();
  #bytes = 0;

  /** @param links All open sockets. What an earlier memory has sent on those that nobody said hello on is not known. */
  constructor(clock: Clock, links: readonly Link[]) {
    this.#clock = clock;
    for (const link of links) if (keptWith(link).client === undefined) this.#over.add(link);
  }

  /** Sockets that have closed and may still be resumed: they get what all sockets get. */
  get closed(): readonly Link[] {
    this.#prune();
    return [...this.#sent.values()].filter((one) => one.closedAt !== undefined).map(linkOf);
  }

  /** An event was sent on a socket, or would have been if it were open. */
  record(link: Link, event: SentEvent): void {
    if (this.#over.has(link)) return;
    const sent = this.#of(link);
    sent.count += 1;
    sent.events.push(event);
    this.#count(sent, event.frame.length);
    while (sent.events.length > MAX_KEPT_EVENTS || sent.bytes > MAX_KEPT_BYTES) this.#drop(sent);
    for (const [, oldest] of this.#sent) {
      if (this.#bytes <= MAX_BYTES) break;
      while (oldest.events.length > 0) this.#drop(oldest);
    }
    // Nobody resumes a socket whose client has not said who it is; when it does, `begin` keeps the number.
    if (keptWith(link).client !== undefined) this.#keepLater(sent);
  }

  /** The client of a socket has said hello: from now on it may be resumed. */
  begin(link: Link, client: string): void {
    keep(link, { client });
    if (!this.#over.has(link)) this.#keepLater(this.#of(link));
  }

  /** A socket has closed; what it would be sent is kept for a while, if its client can come back. */
  close(link: Link): void {
    if (this.#over.has(link)) return;
    if (keptWith(link).client === undefined) return this.forget(link);
    this.#of(link).closedAt = this.#clock.now();
    this.#prune();
  }

  /** A socket is not resumed any more, or missed something that is not known here. */
  forget(link: Link): void {
    if (this.#over.has(link)) return;
    this.#over.add(link);
    const { id } = link.attachment;
    const sent = this.#sent.get(id);
    if (sent === undefined) return;
    this.#bytes -= sent.bytes;
    this.#changed.delete(sent);
    this.#sent.delete(id);
  }

  /**
   * The events that a client has not got of those that were sent on a socket; null where they are not known.
   *
   * @param link The socket, open or closed.
   * @param received How many it got.
   */
  missedOn(link: Link, received: number): readonly SentEvent[] | null {
    if (this.#over.has(link)) return null;
    const { count, events } = this.#of(link);
    const missed = count - received;
    return missed < 0 || missed > events.length ? null : events.slice(events.length - missed);
  }

  #of(link: Link): Sent {
    const { id } = link.attachment;
    const known = this.#sent.get(id);
    if (known !== undefined) return known;
    const count = keptWith(link).sent ?? 0;
    const made: Sent = { link, count, events: [], bytes: 0, closedAt: undefined };
    this.#sent.set(id, made);
    return made;
  }

  #drop(sent: Sent): void {
    this.#count(sent, -(sent.events.shift()?.frame.length ?? 0));
  }

  #count(sent: Sent, bytes: number): void {
    sent.bytes += bytes;
    this.#bytes += bytes;
  }

  /** At the end of the turn, once for all that it sends. */
  #keepLater(sent: Sent): void {
    if (this.#changed.size === 0) void Promise.resolve().then(() => this.#keepCounts());
    this.#changed.add(sent);
  }

  #keepCounts(): void {
    for (const { link, count, closedAt } of this.#changed)
      if (closedAt === undefined) tryToKeep(link, count);
    this.#changed.clear();
  }

  #prune(): void {
    const oldest = this.#clock.now() - KEPT_AFTER_CLOSE_MS;
    const closed = [...this.#sent.values()].filter((one) => one.closedAt !== undefined);
    const crowd = closed.length - MAX_CLOSED;
    closed.forEach((one, index) => {
      if (index < crowd || (one.closedAt ?? 0) < oldest) this.forget(one.link);
    });
  }
}

const linkOf = ({ link }: Sent): Link => link;

/** Where no room is left for the number, a client that comes back after a hibernation is told that it may have missed something. */
function tryToKeep(link: Link, sent: number): void {
  try {
    keep(link, { sent });
  } catch {
    keep(link, { sent: undefined });
  }
}
