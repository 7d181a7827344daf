/**
 * Who is here: people whose sockets read the session. It is true now or not at all, so it is in no log and in no table; what
 * hibernation leaves of a socket is enough to know it.
 */

import type { Clock, Link } from "../object/index.ts";
import type { PersonPresence, Presence, Role } from "../protocol/index.ts";

/** Most people that are named; the rest are counted. */
const MAX_NAMED = 50;

/** How long changes are gathered before anybody is told, in milliseconds. */
const GATHERED_MS = 1_000;

/** The same in a crowd, in which somebody comes or goes all the time: each change is told to all. */
const GATHERED_IN_A_CROWD_MS = 10_000;

const STRENGTH: Readonly<Record<Role, number>> = { runner: 0, viewer: 1, participant: 2, admin: 3 };

/** What it needs of its session. */
export interface PeopleHost {
  readonly clock: Clock;
  readonly links: () => readonly Link[];
  /** Whether people may know of each other. */
  readonly isShown: () => boolean;
  /** Tells all that read live. */
  readonly announce: (people: Presence) => void;
}

/** Knows who is here, and tells those who are. */
export class People {
  readonly #host: PeopleHost;
  /** What was told last. */
  #told = "";
  #stop: (() => void) | undefined;

  constructor(host: PeopleHost) {
    this.#host = host;
    this.#told = JSON.stringify(this.now());
  }

  /** Who is here, those who came first before others; undefined where people may not know. */
  now(): Presence | undefined {
    const { clock, isShown, links } = this.#host;
    if (!isShown()) return undefined;
    const now = clock.now();
    const people = new Map<string, PersonPresence>();
    for (const { attachment } of links()) {
      const { kind, cursor, subject, role, connectedAt: since, expiresAt } = attachment;
      if (kind === "runner" || cursor === undefined) continue;
      if (expiresAt !== null && expiresAt <= now) continue;
      const other = people.get(subject);
      people.set(subject, {
        subject,
        role: other !== undefined && STRENGTH[other.role] > STRENGTH[role] ? other.role : role,
        since: Math.min(since, other?.since ?? since),
      });
    }
    const named = [...people.values()].toSorted((a, b) => a.since - b.since);
    return { people: named.slice(0, MAX_NAMED), count: named.length };
  }

  /** Somebody came, or went. Who else is there is told, with what follows at once. */
  changed(who: Link): void {
    const { clock, isShown, links, announce } = this.#host;
    if (this.#stop !== undefined || !isShown()) return;
    // Who comes is told by itself, and most of the time nobody else is there: then nothing keeps the object awake.
    if (!links().some((link) => link !== who && link.attachment.kind === "reader")) return;
    const wait = links().length > MAX_NAMED ? GATHERED_IN_A_CROWD_MS : GATHERED_MS;
    this.#stop = clock.after(wait, () => {
      this.#stop = undefined;
      const presence = this.now();
      const text = JSON.stringify(presence);
      if (presence === undefined || text === this.#told) return;
      this.#told = text;
      announce(presence);
    });
  }
}
