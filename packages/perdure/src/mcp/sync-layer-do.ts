import type { Connection, Link } from "../object/index.ts";
import { connectionOf, isUpgradeRequest, systemClock } from "../object/index.ts";
import { PerdureError } from "../protocol/index.ts";
import type { Beginning, ClientFacts } from "./kept-session.ts";
import { refuseDirect } from "./direct-request.ts";
import { listenerMetaOf } from "./listeners.ts";
import { registryName, registryOf } from "./placement.ts";
import { misplaced, RegistryDO } from "./registry-do.ts";
import type { Replay, SessionRpc, Taken } from "./rpc.ts";
import { streamMetaOf } from "./rpc.ts";
import {
  END_TIMER,
  IDLE_TIMER,
  MAX_MESSAGE_LENGTH,
  SessionObject,
  takenIf,
} from "./session-object.ts";
import { STANDALONE } from "./stream-name.ts";

/**
 * The Durable Object of `perdure/mcp`: one object for each MCP session, and a few registries that know all sessions. Export it from the
 * Worker's main module, and bind it as `TMCP_DURABLE_OBJECT`. A subclass may set the static bounds.
 */
export class SyncLayer<Env = unknown> extends RegistryDO<Env> implements SessionRpc {
  /** After how long without use a session expires, in milliseconds; a day by default. A session that is connected is in use. */
  static readonly sessionIdleMs: number = 24 * 60 * 60 * 1000;

  /** Most messages that are kept of one session for clients that come back; 10,000 by default. */
  static readonly maxMessages: number = 10_000;

  /** Most UTF-16 units of messages that are kept of one session; 8 Mi by default. */
  static readonly maxLength: number = 8 * 1024 * 1024;

  /** How long a client that resumes a request waits for a Worker that lost its connection to the session, in milliseconds; 5 s by default. */
  static readonly writerGraceMs: number = 5_000;

  #loadedSession: SessionObject | undefined;
  #beginning: Promise<void> | undefined;

  // -------------------------------------------------------------------------------------------- a session

  /** See `SessionRpc.begin`. */
  async begin(subject: string | null, beginning?: Beginning): Promise<Taken> {
    await this.#begun(subject, beginning);
    return takenIf(this.#session.admits(subject));
  }

  /** See `SessionRpc.exists`. */
  async exists(): Promise<boolean> {
    return (await this.#settled())?.isOpen === true;
  }

  /** See `SessionRpc.holdsStream`. */
  async holdsStream(): Promise<boolean> {
    return (await this.#settled())?.holdsStream === true;
  }

  /** See `SessionRpc.facts`. */
  async facts(subject?: string | null): Promise<ClientFacts | null> {
    return (await this.#settled(subject))?.facts ?? null;
  }

  /** See `SessionRpc.say`. */
  async say(facts: ClientFacts): Promise<void> {
    await this.#begun();
    this.#session.say(facts);
  }

  /** See `SessionRpc.push`. */
  async push(data: string, key: string, isAgain: boolean): Promise<Taken> {
    checkMessage(data);
    const session = await this.#settled();
    session?.put(STANDALONE, data, key, isAgain);
    return takenIf(session !== undefined);
  }

  /** See `SessionRpc.put`. */
  async put(stream: string, data: string, key: string, isAgain: boolean): Promise<number> {
    checkMessage(data);
    await this.#begun();
    return this.#session.put(stream, data, key, isAgain);
  }

  /** See `SessionRpc.replay`. */
  async replay(stream: string, after: number): Promise<Replay | null> {
    return (await this.#settled())?.replay(stream, after) ?? null;
  }

  /** See `SessionRpc.deliver`. */
  async deliver(number: number, data: string): Promise<Taken> {
    const session = await this.#settled();
    session?.deliver(number, data);
    return takenIf(session !== undefined);
  }

  /** See `SessionRpc.followUri`. */
  async followUri(uri: string): Promise<void> {
    await this.#begun();
    await this.#session.follow(uri);
  }

  /** See `SessionRpc.unfollowUri`. */
  async unfollowUri(uri: string): Promise<void> {
    await (await this.#settled())?.unfollow(uri);
  }

  /** See `SessionRpc.answer`. */
  async answer(subject: string | null, id: string, data: string): Promise<Taken | "unknown"> {
    checkMessage(data);
    const session = await this.#settled(subject);
    if (session === undefined) return "gone";
    return session.answer(id, data) ? "taken" : "unknown";
  }

  /** See `SessionRpc.cancel`. */
  async cancel(subject: string | null, request: string | number): Promise<Taken> {
    const session = await this.#settled(subject);
    session?.cancel(request);
    return takenIf(session !== undefined);
  }

  /** See `SessionRpc.end`. */
  async end(subject?: string | null): Promise<Taken> {
    const session = await this.#settled(subject);
    // It is as good as gone; a timer does again what could not be done.
    await session?.end().catch(() => {});
    return takenIf(session !== undefined);
  }

  // -------------------------------------------------------------------------------------------- the kernel's hooks

  /** Answers a request that a Worker forwards: with 401. Override it to answer requests of your own. */
  protected override onRequest(request: Request): Response | Promise<Response> {
    return refuseDirect(request);
  }

  /** @internal */
  protected override identify(request: Request): Connection | Response | Promise<Connection> {
    if (!isUpgradeRequest(request)) return refuseDirect(request);
    const connection = connectionOf(request);
    if (listenerMetaOf(connection.meta) !== undefined) return connection;
    const meta = streamMetaOf(connection.meta);
    if (meta === undefined) throw new PerdureError("bad_request", "The socket is for no stream.");
    if (meta.as === "reader" && meta.begins)
      return this.#begun(null, { isStream: true }).then(() => connection);
    return this.#settled(subjectOf(connection)).then((session) => {
      if (session === undefined) throw notFound();
      return connection;
    });
  }

  /** @internal */
  protected override serveConnect(link: Link): void {
    if (isListener(link)) return;
    const meta = streamMetaOf(link.attachment.meta);
    const session = this.#found();
    if (meta === undefined || session === undefined) throw notFound();
    session.connect(link, meta);
  }

  /** @internal */
  protected override serveMessage(link: Link, text: string): void {
    if (isListener(link)) throw new PerdureError("bad_frame", "A listener says nothing.");
    const session = this.#found();
    if (session === undefined) throw notFound();
    session.receive(link, parse(text));
  }

  /** @internal */
  protected override serveDisconnect(link: Link): void {
    if (!this.isBlank && !isListener(link)) this.#session.disconnect(link);
  }

  /** @internal */
  protected override async serveTimer(name: string, payload: unknown): Promise<void> {
    if (name === IDLE_TIMER || name === END_TIMER) return this.#session.ring(name);
    await super.serveTimer(name, payload);
  }

  /** The session, if it is there and whoever asks may use it. Nothing is written for one that is not. */
  #found(subject?: string | null): SessionObject | undefined {
    if (this.isBlank) return undefined;
    return this.#session.admits(subject) ? this.#session : undefined;
  }

  /** The same, once a beginning that is under way is done: a transport does not wait for it, and goes on with what is begun. */
  async #settled(subject?: string | null): Promise<SessionObject | undefined> {
    await this.#beginning?.catch(() => {});
    return this.#found(subject);
  }

  /** Begins the session, if it is not there. */
  async #begun(subject: string | null = null, beginning: Beginning = {}): Promise<void> {
    if (!this.isBlank && this.#session.isOpen) return;
    this.#beginning ??= this.#begin(subject, beginning).finally(
      () => (this.#beginning = undefined),
    );
    await this.#beginning;
  }

  /**
   * First in its registry, so that one that is there is never without broadcasts. A call to another object waits until all is
   * durable that was written before it, so nothing is: not even the tables of a new session.
   */
  async #begin(subject: string | null, beginning: Beginning): Promise<void> {
    const id = this.#sessionId;
    if (!this.isBlank) this.#session.checkBegin();
    await this.others.getByName(registryName(registryOf(id))).join(id);
    this.#session.begin(subject, beginning);
  }

  /** The id of the session that this object is. Throws `bad_request` where it is none. */
  get #sessionId(): string {
    const { place } = this;
    if (place?.role !== "session") throw misplaced("session");
    return place.id;
  }

  get #session(): SessionObject {
    this.#loadedSession ??= this.#loadSession();
    return this.#loadedSession;
  }

  #loadSession(): SessionObject {
    const id = this.#sessionId;
    const own = this.constructor as typeof SyncLayer;
    return new SessionObject({
      id,
      sql: this.sql,
      clock: systemClock,
      timers: this.timers,
      limits: { messages: own.maxMessages, length: own.maxLength },
      idleMs: own.sessionIdleMs,
      graceMs: own.writerGraceMs,
      links: () => this.links,
      registry: (key) => this.others.getByName(registryName(registryOf(key))),
      erase: async (reason) => {
        await this.eraseStorage(reason);
        this.#loadedSession = undefined;
      },
    });
  }
}

function isListener(link: Link): boolean {
  return listenerMetaOf(link.attachment.meta) !== undefined;
}

/** Nobody in particular has an empty name on a socket. */
function subjectOf({ subject }: Connection): string | null {
  return subject === "" ? null : subject;
}

function checkMessage(data: string): void {
  if (data.length > MAX_MESSAGE_LENGTH)
    throw new PerdureError("too_large", `A message has at most ${MAX_MESSAGE_LENGTH} characters.`);
}

function notFound(): PerdureError {
  return new PerdureError(
    "session_not_found",
    "There is no such MCP session: initialize a new one.",
  );
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new PerdureError("bad_frame", "The frame is no JSON.");
  }
}
