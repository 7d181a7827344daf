/** What a Worker may call on an auth session object. */

import type { LiveObject } from "./live-objects.ts";
import type { NewRecord, SessionRecord } from "./record.ts";

/** A session to create, with the fields that its class asks for. */
export type NewSession<Fields extends object = object> = NewRecord & WithFields<Fields>;

/** The fields of a class, where all of them are optional optional themselves. */
export type WithFields<Fields extends object> = object extends Fields
  ? {
      /** Checked by the class's `fieldsSchema`, whose output is kept. */
      readonly fields?: Fields | undefined;
    }
  : {
      /** Checked by the class's `fieldsSchema`, whose output is kept. */
      readonly fields: Fields;
    };

/** A session as an app has it, and as its user may see it. */
export type AuthSession<Fields extends object = object> = SessionRecord &
  Fields & {
    /** A UUID that stays when the token is rotated. It opens nothing. */
    readonly id: string;
  };

/** A session with what `createAuth` needs to know of it. */
export interface OpenedSession<Fields extends object = object> {
  /** A UUID that stays when the token is rotated: the token's id of the session's sockets. */
  readonly id: string;
  /** For how long it is good after each slide, in milliseconds. */
  readonly ttlMs: number;
  readonly record: SessionRecord & Fields;
}

/** A session on its way to another object. */
export interface MovableSession {
  readonly record: SessionRecord & {
    readonly id: string;
    readonly ttlMs: number;
    readonly fields: object;
    /** SHA-256 of its token, in hex. */
    readonly digest: string;
  };
  readonly live: readonly LiveObject[];
}

/**
 * The methods of an auth session object. RPC reaches an object by a binding of the same account only, and a request that a Worker
 * passes on cannot become a call; so a call carries no secret. Where the object has none, all of them throw `unauthorized`.
 */
export interface AuthSessionRpc<Fields extends object = object> {
  /**
   * Creates a session.
   *
   * @throws `session_exists` where the token has a session: nothing is overwritten; `bad_request`, `too_large` for what it is made of.
   */
  create(session: NewSession<Fields>): Promise<SessionRecord & Fields>;
  /** The session of a token; null where there is none, or it has expired. Writes nothing. */
  get(token: string): Promise<(SessionRecord & Fields) | null>;
  /** The session of a token with its id; null where there is none, `ended` where it must not be looked for in another object. */
  open(token: string): Promise<OpenedSession<Fields> | "ended" | null>;
  /** Slides the expiry: from now on it is good for `ttlSeconds`, by default for as long as at first. Null where there is none. */
  touch(token: string, ttlSeconds?: number): Promise<(SessionRecord & Fields) | null>;
  /**
   * Gives a session another token; the old one is refused from then on, and the session keeps its id, its sockets and its expiry.
   * Null where there is none.
   *
   * @throws `session_exists` where the new token has a session.
   */
  rotate(token: string, newToken: string): Promise<(SessionRecord & Fields) | null>;
  /** Ends a session and closes its sockets. @returns When it would have expired; null where there was none. */
  revoke(token: string): Promise<number | null>;
  /**
   * Ends a session of a user by its id. @param isMoving Whether it may be on its way here from another object.
   * @returns Whether there was one here.
   */
  revokeById(userId: string, id: string, isMoving?: boolean): Promise<boolean>;
  /** The sessions of a user in this object, newest first; at most 100. */
  list(userId: string): Promise<readonly AuthSession<Fields>[]>;
  /**
   * Ends all sessions of a user in this object. @param isMoving Whether sessions may be on their way here from another object.
   * @returns How many.
   */
  revokeAll(userId: string, isMoving?: boolean): Promise<number>;
  /**
   * Remembers that an object has, or will have, sockets of a session: they are closed when it ends. At most 1,000 for a session; the
   * sockets in the object that was told of first are closed for a further one.
   *
   * @returns Whether the session is good. @throws `bad_request` where `env` has no such binding.
   */
  watch(token: string, object: LiveObject): Promise<boolean>;
  /** A session as another object may take it over. Changes nothing. */
  leave(token: string): Promise<MovableSession | "ended" | null>;
  /** Takes a session over, once. @returns Whether it is good here now. */
  arrive(session: MovableSession): Promise<boolean>;
  /** Another object has taken a session over. @param digest SHA-256 of its token. */
  forget(session: { readonly digest: string; readonly id: string }): Promise<void>;
  /** Ends a session that is here, or on its way here. @param until When it would have expired. */
  bury(token: string, until: number): Promise<void>;
}
