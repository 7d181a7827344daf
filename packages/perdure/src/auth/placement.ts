/**
 * Which of several objects has the session of a token: `hash(token) mod N`. N may be changed while sessions live: a session that is
 * not where it belongs now is looked for where it belonged before, and moved. In this order, each step safe to repeat:
 *
 * 1. The earlier object tells the session (`leave`); it stays good there.
 * 2. The object that it belongs to now stores it (`arrive`), once, and from here on answers for it.
 * 3. The earlier object deletes it (`forget`).
 *
 * A crash after 1 changes nothing, and the next look begins again. After 2 there are two copies: the new one is always asked first, and
 * the old one never lives longer. Whoever was slow after 1 must not bring back what has ended meanwhile: so where a session belongs its
 * end is remembered for as long as it would have lived.
 */

import { callObject, digestOf, inParallel } from "../object/index.ts";
import { newSessionToken } from "./record-routes.ts";
import type { SessionRecord } from "./record.ts";
import type { AuthSessionRpc, AuthSession, NewSession, OpenedSession } from "./rpc.ts";

/** Objects where nothing else is said. */
export const DEFAULT_AUTH_OBJECTS = 16;

/** Most objects: to list the sessions of one user asks all of them. */
export const MAX_AUTH_OBJECTS = 256;

/** Objects that are asked at once for all sessions of a user. */
const ASKED_AT_ONCE = 8;

/** A `DurableObjectNamespace` of the class, or anything with the one method that is called. */
export interface AuthSessionNamespace<Fields extends object = object> {
  getByName(name: string): AuthSessionRpc<Fields>;
}

/** How many objects there are. */
export interface PlacementOptions {
  /** 1 to 256; default 16. An object takes about 1,000 requests a second. */
  readonly objects?: number | undefined;
  /** Numbers that there were before, or that another version of the Worker uses at the same time; the latest first. */
  readonly earlier?: readonly number[] | undefined;
}

/** The sessions of all objects of a class, as if they were one. */
export class Placement<Fields extends object = object> {
  readonly #namespace: AuthSessionNamespace<Fields>;
  readonly #objects: number;
  readonly #earlier: readonly number[];

  /** Throws a `RangeError` where a number of objects makes no sense. */
  constructor(
    namespace: AuthSessionNamespace<Fields>,
    { objects = DEFAULT_AUTH_OBJECTS, earlier = [] }: PlacementOptions = {},
  ) {
    for (const count of [objects, ...earlier])
      if (!Number.isInteger(count) || count < 1 || count > MAX_AUTH_OBJECTS)
        throw new RangeError(`There are 1 to ${MAX_AUTH_OBJECTS} objects of auth sessions.`);
    this.#namespace = namespace;
    this.#objects = objects;
    this.#earlier = earlier;
  }

  /** See `AuthSessionRpc.create`. */
  create(session: NewSession<Fields>): Promise<SessionRecord & Fields> {
    // Not repeated by itself: an answer that was lost would look like another's session.
    return this.#stub(this.#placeOf(session.token)).create(session);
  }

  /** The session of a token, wherever it is; null where there is none. */
  async open(token: string): Promise<OpenedSession<Fields> | null> {
    const open = () => this.#call(this.#placeOf(token), (stub) => stub.open(token));
    let opened = await open();
    if (opened === null && this.#earlierPlacesOf(token).length > 0) {
      await this.#fetchHere(token);
      // Also where nothing was found: it may have come with another request in between.
      opened = await open();
    }
    return opened === "ended" ? null : opened;
  }

  /** See `AuthSessionRpc.touch`; the session was opened before. */
  touch(token: string): Promise<(SessionRecord & Fields) | null> {
    return this.#call(this.#placeOf(token), (stub) => stub.touch(token));
  }

  /**
   * Gives a session a new token, of the same object, so that the change is one transaction.
   *
   * @returns The token; null where there is no such session.
   */
  async rotate(
    token: string,
  ): Promise<{ readonly token: string; readonly record: SessionRecord & Fields } | null> {
    if ((await this.open(token)) === null) return null;
    const place = this.#placeOf(token);
    const next = this.#newTokenAt(place);
    const record = await this.#stub(place).rotate(token, next);
    if (record === null) return null;
    await this.#buryElsewhere(token, record.expiresAt);
    return { token: next, record };
  }

  /** Ends the session of a token. @returns Whether there was one. */
  async revoke(token: string): Promise<boolean> {
    const place = this.#placeOf(token);
    if (!this.#isMoving) return (await this.#call(place, (stub) => stub.revoke(token))) !== null;
    const places = [place, ...this.#earlierPlacesOf(token)];
    const found = await inParallel(places, ASKED_AT_ONCE, (one) =>
      this.#call(one, (stub) => stub.leave(token)),
    );
    const ends = found.flatMap((one) =>
      one === null || one === "ended" ? [] : [one.record.expiresAt],
    );
    if (ends.length === 0) return false;
    const until = Math.max(...ends);
    // Where it belongs first: from here on it is refused, wherever copies are, and nothing arrives any more.
    await this.#call(place, (stub) => stub.bury(token, until));
    await this.#buryElsewhere(token, until);
    return true;
  }

  /** Ends a session of a user by its id. @returns Whether there was one. */
  async revokeById(userId: string, id: string): Promise<boolean> {
    // Nothing is remembered of what never was.
    if (this.#isMoving && !(await this.list(userId)).some((one) => one.id === id)) return false;
    const ended = await this.#callAll((stub) => stub.revokeById(userId, id, this.#isMoving));
    return ended.includes(true);
  }

  /** Ends all sessions of a user. @returns How many. */
  async revokeAll(userId: string): Promise<number> {
    const ended = await this.#callAll((stub) => stub.revokeAll(userId, this.#isMoving));
    return ended.reduce((sum, count) => sum + count, 0);
  }

  /** The sessions of a user, newest first. */
  async list(userId: string): Promise<readonly AuthSession<Fields>[]> {
    const listed = (await this.#callAll((stub) => stub.list(userId))).flat();
    // One that is just moving may be in two objects.
    const byId = new Map(listed.map((session) => [session.id, session]));
    return [...byId.values()].toSorted((a, b) => b.createdAt - a.createdAt);
  }

  /** See `AuthSessionRpc.watch`; the session was opened before. */
  watch(token: string, object: { readonly binding: string; readonly name: string }) {
    return this.#call(this.#placeOf(token), (stub) => stub.watch(token, object));
  }

  /** Has a session come to where it belongs now, where it is anywhere. */
  async #fetchHere(token: string): Promise<void> {
    for (const place of this.#earlierPlacesOf(token)) {
      const leaving = await this.#call(place, (stub) => stub.leave(token));
      if (leaving === "ended") return;
      if (leaving === null) continue;
      await this.#call(this.#placeOf(token), (stub) => stub.arrive(leaving));
      const { digest, id } = leaving.record;
      return this.#call(place, (stub) => stub.forget({ digest, id }));
    }
  }

  async #buryElsewhere(token: string, until: number): Promise<void> {
    for (const place of this.#earlierPlacesOf(token))
      await this.#call(place, (stub) => stub.bury(token, until));
  }

  get #isMoving(): boolean {
    return this.#earlier.length > 0;
  }

  #placeOf(token: string): number {
    return placeOf(token, this.#objects);
  }

  /** Each once, without the one where it belongs now. */
  #earlierPlacesOf(token: string): readonly number[] {
    const places = new Set(this.#earlier.map((objects) => placeOf(token, objects)));
    places.delete(this.#placeOf(token));
    return [...places];
  }

  /** One in as many as there are objects fits: a few hundred hashes at most. */
  #newTokenAt(place: number): string {
    for (;;) {
      const token = newSessionToken();
      if (this.#placeOf(token) === place) return token;
    }
  }

  #callAll<T>(call: (stub: AuthSessionRpc<Fields>) => Promise<T>): Promise<T[]> {
    const count = Math.max(this.#objects, ...this.#earlier);
    const places = Array.from({ length: count }, (_, place) => place);
    return inParallel(places, ASKED_AT_ONCE, (place) => this.#call(place, call));
  }

  #call<T>(place: number, call: (stub: AuthSessionRpc<Fields>) => Promise<T>): Promise<T> {
    return callObject(this.#namespace, nameOf(place), call);
  }

  #stub(place: number): AuthSessionRpc<Fields> {
    return this.#namespace.getByName(nameOf(place));
  }
}

/** The place of a token among so many objects. */
export function placeOf(token: string, objects: number): number {
  // 48 bits: exact as a number, and 256 objects get equal shares to one in 10^12.
  return Number.parseInt(digestOf(token).slice(0, 12), 16) % objects;
}

/** The name of the object at a place: the same whatever the number of objects is. */
const nameOf = (place: number) => `auth:${place}`;
