/** The sockets of one user, and what is sent on them. */

import type { Clock, Link } from "../object/index.ts";
import { closeExpired } from "../object/index.ts";
import type { ConnectionHello } from "../protocol/index.ts";
import { CLOSE } from "../protocol/index.ts";
import { keptWith } from "./kept.ts";
import type { SentEvent } from "./recovery.ts";
import { Recovery } from "./recovery.ts";
import type { WireFrame } from "./rpc.ts";

/** Sends frames, and remembers events for those who come back. */
export class Sockets {
  readonly #links: () => readonly Link[];
  readonly #clock: Clock;
  readonly #recovery: Recovery;
  /** What is being sent on several sockets. */
  #together: Map<WireFrame, SentEvent> | undefined;

  /** @param links All open sockets, in the order in which they were accepted. */
  constructor(links: () => readonly Link[], clock: Clock) {
    this.#links = links;
    this.#clock = clock;
    this.#recovery = new Recovery(clock, links());
  }

  /** All open sockets. */
  get open(): readonly Link[] {
    return this.#links();
  }

  /** Sends an encoded event on a socket. Answers whether it was sent. */
  send(link: Link, frame: WireFrame): boolean {
    if (closeExpired(link, this.#clock)) return false;
    this.#recovery.record(link, this.#event(frame));
    return link.send(frame);
  }

  /** Sends an encoded event to all sockets that satisfy a condition. Answers to how many it went. */
  broadcast(frame: WireFrame, isMeant: (link: Link) => boolean = () => true): number {
    return this.together(() => {
      const links = [...this.#recovery.closed, ...this.open];
      return links.filter((link) => isMeant(link) && this.send(link, frame)).length;
    });
  }

  /** Whatever is sent meanwhile as the same frame is one event: who got it on one socket has not missed it on another. */
  together<T>(work: () => T): T {
    this.#together = new Map();
    try {
      return work();
    } finally {
      this.#together = undefined;
    }
  }

  /** Sends what is no event. */
  tell(link: Link, frame: WireFrame | undefined): void {
    if (frame !== undefined && !closeExpired(link, this.#clock)) link.send(frame);
  }

  /** The open sockets of a client. */
  ofClient(client: string): readonly Link[] {
    return this.open.filter((link) => keptWith(link).client === client);
  }

  /** A socket has closed. @param isComplete Whether all that it would be sent comes by here. */
  closed(link: Link, isComplete: boolean): void {
    if (isComplete) this.#recovery.close(link);
    else this.#recovery.forget(link);
  }

  /** A socket has sent an event. One that has not said hello first will not, and nothing is remembered for it. */
  spoke(link: Link): void {
    if (keptWith(link).client === undefined) this.#recovery.forget(link);
  }

  /** The client of a socket has said who it is. */
  begin(link: Link, client: string): void {
    this.#recovery.begin(link, client);
  }

  /**
   * The events that a client has missed on the connection before this one, which is over now; null where they are not known.
   *
   * @param link The connection that it says hello on.
   */
  resume(link: Link, { client, resume }: ConnectionHello): readonly WireFrame[] | null {
    if (resume === undefined) return [];
    const before = [...this.open, ...this.#recovery.closed].find(
      (one) => one.attachment.id === resume.socket && keptWith(one).client === client,
    );
    if (before === undefined || before === link) return null;
    const missed = this.#recovery.missedOn(before, resume.received);
    const sentHere = this.#recovery.missedOn(link, 0);
    this.#recovery.forget(before);
    before.close(CLOSE.replaced, "The client has connected again.");
    if (missed === null || sentHere === null) return null;
    // For a while both were open.
    const here = new Set(sentHere);
    return missed.filter((event) => !here.has(event)).map(({ frame }) => frame);
  }

  #event(frame: WireFrame): SentEvent {
    const known = this.#together?.get(frame) ?? { frame };
    this.#together?.set(frame, known);
    return known;
  }
}
