import { BaseDO, problemResponse, systemClock } from "../object/index.ts";
import type { Schema } from "../object/index.ts";
import { PerdureError } from "../protocol/index.ts";
import { AuthSessions } from "./auth-sessions.ts";
import type { Closing, LiveObject } from "./live-objects.ts";
import type { SessionRecord, StoredSession } from "./record.ts";
import { MAX_SESSIONS_PER_USER, parseSessionToken, parseTtl, parseUserId } from "./record.ts";
import type { FieldsSchema } from "./record-fields.ts";
import { fieldsOf, fieldsToKeep } from "./record-fields.ts";
import { serveRecords } from "./record-routes.ts";
import { AUTH_SESSION_SCHEMA } from "./record-schema.ts";
import type {
  AuthSessionRpc,
  AuthSession,
  MovableSession,
  NewSession,
  OpenedSession,
} from "./rpc.ts";
import { checkSecret, requireSecret } from "./shared-secret.ts";

/** An object that can close sockets: every one of this library. */
interface Disconnecting {
  disconnect(who: { readonly subject: string; readonly tokens: readonly string[] }): unknown;
}

/**
 * Auth sessions: who is logged in, until when. Usable as it is; bind it as `SESSION_DO`, set `SESSION_DO_SECRET`, and use
 * `createAuth`, its methods, or HTTP by `stub.fetch`. One object holds the sessions of many users; `createAuth` spreads them over
 * several.
 *
 * Every request over HTTP presents the secret in `x-session-do-secret`, or gets 401. A call by RPC does not need to: only a binding
 * reaches it. Where no secret is set, nothing is answered at all.
 *
 * A subclass may keep fields of its own with each session (`fieldsSchema`), add tables (`static migrations`), RPC methods, and the
 * `on…` hooks of `BaseDO`.
 */
export class AuthSessionDO<Env = unknown, Fields extends object = object>
  extends BaseDO<Env>
  implements AuthSessionRpc<Fields>
{
  /** Sessions of one user in one object; for a further one the oldest ends. Default 100. */
  static readonly maxSessionsPerUser: number = MAX_SESSIONS_PER_USER;

  /**
   * Whether objects need a secret to answer calls by RPC, so that a deploy without one is noticed. False for a class that is used by
   * its methods alone: without a secret it answers no request. Default true.
   */
  protected static readonly needsSecret: boolean = true;

  protected static override readonly schemas: readonly Schema[] = [AUTH_SESSION_SCHEMA];

  /**
   * What is kept with each session besides: any Standard Schema (Zod, Valibot, ArkType, …) whose validation is synchronous and which
   * takes its own output. What it gives back is kept, 4 KiB of JSON at most. It reads stored fields, too, so a field that is new
   * with a default has it in old sessions. Default: nothing is kept.
   */
  declare protected readonly fieldsSchema: FieldsSchema<Fields> | undefined;

  #made: AuthSessions | undefined;

  async create(session: NewSession<Fields>): Promise<SessionRecord & Fields> {
    this.#requireSecret();
    const given = {
      token: parseSessionToken(session.token),
      userId: parseUserId(session.userId),
      ttlSeconds: parseTtl(session.ttlSeconds),
    };
    const fields = fieldsToKeep(this.fieldsSchema, session.fields);
    return this.#recordOf(this.#sessions.create(given, fields));
  }

  async get(token: string): Promise<(SessionRecord & Fields) | null> {
    const session = this.#find(token);
    return session === undefined ? null : this.#recordOf(session);
  }

  async open(token: string): Promise<OpenedSession<Fields> | "ended" | null> {
    const session = this.#find(token);
    if (session !== undefined)
      return { id: session.id, ttlMs: session.ttlMs, record: this.#recordOf(session) };
    return !this.isBlank && this.#sessions.leave(token) === "ended" ? "ended" : null;
  }

  async touch(token: string, ttlSeconds?: number): Promise<(SessionRecord & Fields) | null> {
    const ttl = parseTtl(ttlSeconds);
    if (this.#find(token) === undefined) return null;
    return this.#orNull(this.#sessions.touch(token, ttl));
  }

  async rotate(token: string, newToken: string): Promise<(SessionRecord & Fields) | null> {
    parseSessionToken(newToken);
    if (this.#find(token) === undefined) return null;
    return this.#orNull(this.#sessions.rotate(token, newToken));
  }

  async revoke(token: string): Promise<number | null> {
    if (this.#find(token) === undefined) return null;
    return this.#sessions.end(token)?.expiresAt ?? null;
  }

  async revokeById(userId: string, id: string, isMoving = false): Promise<boolean> {
    parseUserId(userId);
    if (this.#hasNothing && !isMoving) return false;
    return this.#sessions.endById(userId, id, isMoving) !== undefined;
  }

  async list(userId: string): Promise<readonly AuthSession<Fields>[]> {
    parseUserId(userId);
    if (this.#hasNothing) return [];
    return this.#sessions
      .list(userId)
      .map((session) => ({ ...this.#recordOf(session), id: session.id }));
  }

  async revokeAll(userId: string, isMoving = false): Promise<number> {
    parseUserId(userId);
    if (this.#hasNothing && !isMoving) return 0;
    return this.#sessions.endAllOf(userId, isMoving).length;
  }

  async watch(token: string, { binding, name }: LiveObject): Promise<boolean> {
    if (this.#find(token) === undefined) return false;
    // Throws where there is no such binding: better now than when the session ends.
    this.#namespaceOf(binding);
    return this.#sessions.watch(token, { binding, name }) !== undefined;
  }

  async leave(token: string): Promise<MovableSession | "ended" | null> {
    parseSessionToken(token);
    return this.#hasNothing ? null : (this.#sessions.leave(token) ?? null);
  }

  async arrive(session: MovableSession): Promise<boolean> {
    this.#requireSecret();
    const { record, live } = session;
    return this.#sessions.arrive({ record: { ...record, fields: { ...record.fields } }, live });
  }

  async forget({ digest, id }: { readonly digest: string; readonly id: string }): Promise<void> {
    if (!this.#hasNothing) this.#sessions.forget({ digest, id });
  }

  async bury(token: string, until: number): Promise<void> {
    this.#requireSecret();
    this.#sessions.bury(parseSessionToken(token), until);
  }

  /** The platform's entry point for requests: nothing is looked at before the secret. Override `onRequest`. */
  override async fetch(request: Request): Promise<Response> {
    try {
      await checkSecret(request.headers, this.env);
    } catch (error) {
      return problemResponse(error);
    }
    return super.fetch(request);
  }

  protected override onUpgrade(_request: Request): void {
    throw new PerdureError("not_found", "An auth session has no sockets of its own.");
  }

  protected override async serveRequest(request: Request): Promise<Response> {
    return (await serveRecords(request, this)) ?? this.onRequest(request);
  }

  protected override async serveTimer(name: string, payload: unknown): Promise<void> {
    if (!(await this.#sessions.timer(name))) await this.onTimer(name, payload);
  }

  /** Made on first use: what is only asked writes nothing. */
  get #sessions(): AuthSessions {
    const { sql, timers } = this;
    const { maxSessionsPerUser } = this.constructor as typeof AuthSessionDO;
    this.#made ??= new AuthSessions({
      sql,
      timers,
      clock: systemClock,
      maxPerUser: maxSessionsPerUser,
      disconnect: (closing) => this.#disconnectIn(closing),
    });
    return this.#made;
  }

  get #hasNothing(): boolean {
    this.#requireSecret();
    return this.isBlank;
  }

  #requireSecret(): void {
    if ((this.constructor as typeof AuthSessionDO).needsSecret) requireSecret(this.env);
  }

  #find(token: string): StoredSession | undefined {
    parseSessionToken(token);
    return this.#hasNothing ? undefined : this.#sessions.find(token);
  }

  #recordOf({ userId, createdAt, expiresAt, fields }: StoredSession): SessionRecord & Fields {
    const own = fieldsOf(this.fieldsSchema, fields) as Fields;
    return { ...own, userId, createdAt, expiresAt };
  }

  #orNull(session: StoredSession | undefined): (SessionRecord & Fields) | null {
    return session === undefined ? null : this.#recordOf(session);
  }

  async #disconnectIn({ binding, name, userId, sessions }: Closing): Promise<void> {
    await this.#namespaceOf(binding)
      .getByName(name)
      .disconnect({ subject: userId, tokens: sessions });
  }

  #namespaceOf(binding: string): { getByName(name: string): Disconnecting } {
    const found = (this.env as Readonly<Record<string, unknown>>)[binding];
    if (typeof found === "object" && found !== null && "getByName" in found)
      return found as { getByName(name: string): Disconnecting };
    throw new PerdureError(
      "bad_request",
      `The environment of the auth session's class has no Durable Object binding ${JSON.stringify(binding)}: add it, so that its sockets can be closed.`,
    );
  }
}
