/** Which sockets of a user are in which rooms: the side of the user's object. */

import type { Clock, Link, Timers } from "../object/index.ts";
import { digestOf } from "../object/index.ts";
import { MAX_ROOMS_PER_SOCKET, PerdureError } from "../protocol/index.ts";
import { keep, keptWith } from "./kept.ts";
import { checkRoomName } from "./room-binding.ts";
import type { RoomCalls } from "./room-calls.ts";
import { metaJson } from "./room-meta.ts";
import type { RoomDelivery, WireFrame } from "./rpc.ts";
import { Turns } from "./turns.ts";

/** Timers that repeat a leave which did not reach its room. */
const LEAVE_TIMER = "perdure:leave:";

/** When such a timer first tries again, in milliseconds; from there on timers have their own backoff. */
const LEAVE_RETRY_MS = 2_000;

/** Hex digits that tell metadata apart: attachments are small, and only the user's own values are compared. */
const DIGEST_LENGTH = 12;

/** Stands for having joined without metadata. */
const NO_META = "";

/** The object of the user. */
export interface MembershipsHost {
  /** Name of the object. */
  readonly userId: string;
  /** All open sockets. */
  readonly links: readonly Link[];
  readonly timers: Timers;
  readonly clock: Clock;
  readonly rooms: Pick<RoomCalls, "join" | "leave">;
  /** Sends an encoded event on a socket. Answers whether it was sent. */
  send(link: Link, frame: WireFrame): boolean;
}

/**
 * The memberships of one user. A socket's attachment says which rooms it is in, so it survives hibernation and ends with the
 * socket. Whichever object crashes in between, what is left heals, because of the order of the writes: a join marks the socket
 * first and tells the room then, a leave unmarks first and tells the room then. So a room may have a member too many, which it
 * finds by asking (a delivery, or its pruning), and never one too few: a mark whose room was not told is gone with the memory
 * that made it, because the platform closes the sockets of an object that crashes.
 */
export class Memberships {
  readonly #host: MembershipsHost;
  /** What is told to one room is told in order: a leave that is under way cannot overtake a join. */
  readonly #turns = new Turns();

  constructor(host: MembershipsHost) {
    this.#host = host;
  }

  /** Rooms that a socket is in. */
  roomsOf(link: Link): readonly string[] {
    return Object.keys(keptWith(link).rooms ?? {});
  }

  /**
   * Takes a socket into a room. The room is asked where it is the user's first socket there, or the metadata differs.
   *
   * @param meta JSON, for all sockets of the user; undefined: what the user is a member with, or null.
   * @throws What the room refuses with, `bad_request` for a room's name or metadata that is none, `too_large` past the limits.
   */
  async join(link: Link, room: string, meta?: object | null): Promise<void> {
    checkRoomName(room);
    const json = meta === undefined ? undefined : metaJson(meta);
    await this.#turns.run(room, () => this.#join(link, room, json));
  }

  /** Takes a socket out of a room. With the user's last socket there the membership ends, at the latest when the room is reached. */
  async leave(link: Link, room: string): Promise<void> {
    checkRoomName(room);
    await this.#turns.run(room, async () => {
      if (digestIn(link, room) === undefined) return;
      mark(link, room, undefined);
      await this.#tellLeft(room);
    });
  }

  /** A socket has closed: it has left its rooms. */
  async closed(link: Link): Promise<void> {
    await Promise.all(
      this.roomsOf(link).map((room) => this.#turns.run(room, () => this.#tellLeft(room))),
    );
  }

  /** See `ConnectionRpc.deliver`. */
  deliver(room: string, frames: readonly RoomDelivery[]): number | readonly number[] | null {
    const links = this.#linksIn(room);
    if (links.length === 0) return null;
    const reached = frames.map(
      ({ frame, except }) =>
        links.filter((link) => link.attachment.id !== except && this.#host.send(link, frame))
          .length,
    );
    const [first = 0] = reached;
    return reached.every((count) => count === first) ? first : reached;
  }

  /** See `ConnectionRpc.isIn`. */
  isIn(room: string): boolean {
    return this.#linksIn(room).length > 0;
  }

  /** See `ConnectionRpc.forget`. Waits for no turn: the room may be asked to join meanwhile, and answers after this. */
  forget(room: string): void {
    for (const link of this.#linksIn(room)) mark(link, room, undefined);
  }

  /** A timer of the library is due. Answers whether it was one of these; throws to have it tried again. */
  async onTimer(name: string, payload: unknown): Promise<boolean> {
    if (!name.startsWith(LEAVE_TIMER)) return false;
    if (typeof payload === "string")
      await this.#turns.run(payload, async () => {
        if (!this.isIn(payload)) await this.#host.rooms.leave(payload, this.#host.userId);
      });
    return true;
  }

  async #join(link: Link, room: string, json: string | undefined): Promise<void> {
    if (!this.#host.links.includes(link))
      throw new PerdureError("unavailable", "The socket has closed; it joins no room.");
    const before = digestIn(link, room);
    if (before === undefined && this.roomsOf(link).length >= MAX_ROOMS_PER_SOCKET)
      throw new PerdureError(
        "too_large",
        `A socket is in at most ${MAX_ROOMS_PER_SOCKET} rooms; leave one first.`,
      );
    const others = this.#linksIn(room);
    const known = others.map((other) => digestIn(other, room)).at(0);
    const digest = json === undefined ? (known ?? NO_META) : digestOfMeta(json);
    mark(link, room, digest);
    if (known === digest) return;
    try {
      await this.#host.rooms.join(room, this.#host.userId, parseMeta(json));
    } catch (error) {
      // It may have had its effect all the same: then the room finds nobody here.
      mark(link, room, before);
      throw error;
    }
    // Marked once more, because the room may have put the user out while this join waited there.
    for (const one of new Set([link, ...others])) mark(one, room, digest);
  }

  async #tellLeft(room: string): Promise<void> {
    if (this.isIn(room)) return;
    const { rooms, userId, timers, clock } = this.#host;
    try {
      await rooms.leave(room, userId);
    } catch {
      timers.set(LEAVE_TIMER + room, clock.now() + LEAVE_RETRY_MS, room);
    }
  }

  #linksIn(room: string): readonly Link[] {
    return this.#host.links.filter((link) => digestIn(link, room) !== undefined);
  }
}

function parseMeta(json: string | undefined): object | null {
  return json === undefined ? null : (JSON.parse(json) as object | null);
}

const digestOfMeta = (json: string): string =>
  json === "null" ? NO_META : digestOf(json).slice(0, DIGEST_LENGTH);

/** The digest that a socket keeps for a room; undefined where it is not in it. */
function digestIn(link: Link, room: string): string | undefined {
  const { rooms = {} } = keptWith(link);
  return Object.hasOwn(rooms, room) ? rooms[room] : undefined;
}

/** Notes in a socket's attachment that it is in a room, or, without a digest, that it is not. Leaves alone what else is kept. */
function mark(link: Link, room: string, digest: string | undefined): void {
  if (digestIn(link, room) === digest) return;
  const { [room]: _, ...others } = keptWith(link).rooms ?? {};
  keep(link, { rooms: digest === undefined ? others : { ...others, [room]: digest } });
}
