import { env } from "cloudflare:workers";
import type { TokenRequest } from "../src/auth/index.ts";
import { signToken } from "../src/auth/index.ts";
import type { ConnectionGate, SessionGate } from "../src/http/index.ts";
import { createApp } from "../src/http/index.ts";
import type { Connection, Identity } from "../src/object/index.ts";
import { connectionOf } from "../src/object/index.ts";
import type { Command, Problem, Reply, ServerFrame, Task } from "../src/protocol/index.ts";
import type { EventPage, SessionIndexRpc, SessionInfo, SessionRpc } from "../src/session/index.ts";

/** One call that reached a session: its name, the method, and what it got. */
export type Call = readonly [session: string, method: string, ...parameters: unknown[]];

/** Stands for the objects behind the routes: it notes what reaches it and answers what the test said. */
export class FakeSessions {
  readonly calls: Call[] = [];
  /** Sockets that the routes opened: who came, the object's end, and what it heard. */
  readonly sockets: {
    readonly connection: Connection;
    readonly socket: WebSocket;
    readonly heard: readonly unknown[];
  }[] = [];
  /** Headers of the last request that reached an object. */
  headers = new Headers();
  reply: Reply = { ok: true, result: { turn: "t1", position: 7 } };
  problem: Problem | undefined;
  page: EventPage = { position: 1, events: [], next: 0, head: 0, floor: 0 };
  readonly #existing = new Set<string>();

  getByName(name: string): SessionRpc & { fetch(request: Request): Promise<Response> } {
    const answer = async <T>(method: string, parameters: unknown[], value: T) => {
      this.calls.push([name, method, ...parameters]);
      return this.problem === undefined
        ? { ok: true as const, value }
        : { ok: false as const, error: this.problem };
    };
    return {
      create: async (identity, options) => {
        const created = !this.#existing.has(name);
        this.#existing.add(name);
        return answer("create", [identity, options], {
          ...infoOf(name, identity.subject, options.title ?? null),
          created,
        });
      },
      invitations: (identity) => answer("invitations", [identity], []),
      invite: (identity, { role, expiresAt, uses = null }) =>
        answer("invite", [identity, { role, expiresAt, uses }], {
          id: "invitation-1",
          role,
          expiresAt,
          usesLeft: uses,
          createdBy: identity.subject,
          createdAt: 1,
        }),
      join: (invitation, subject) =>
        answer("join", [invitation, subject], {
          invitation,
          role: "viewer" as const,
          expiresAt: Date.now() + 60_000,
        }),
      revoke: (identity, revocation) =>
        answer("revoke", [identity, revocation], { revoked: true as const }),
      erase: (identity) => answer("erase", [identity], { erased: true as const }),
      describe: (identity) => answer("describe", [identity], infoOf(name, "ada", null)),
      command: async (identity: Identity, id: string, command: Command) => {
        this.calls.push([name, "command", identity, id, command]);
        return this.reply;
      },
      messages: (identity, options) =>
        answer("messages", [identity, options], { messages: [], hasEarlier: false }),
      message: (identity, id) =>
        answer("message", [identity, id], {
          position: 1,
          message: { id, role: "user", parts: [] },
          at: 1,
        }),
      search: (identity, query, options) =>
        answer("search", [identity, query, options], {
          messages: [],
          next: null,
          isComplete: true,
        }),
      tasks: (identity, filter) => answer("tasks", [identity, filter], []),
      task: (identity, id) => answer("task", [identity, id], taskOf(id)),
      approvals: (identity, filter) =>
        answer("approvals", [identity, filter], { approvals: [], next: null }),
      events: (identity, after) => answer("events", [identity, after], this.page),
      copyHeader: () =>
        answer("copyHeader", [], { session: name, position: 1, floor: 0, base: null }),
      copyPage: () => answer("copyPage", [], { lines: [], next: null }),
      beginCopy: (_identity, { header }) =>
        answer("beginCopy", [], { header, received: 0, isWhole: false }),
      takeCopy: () => Promise.reject(new Error("nothing is copied here")),
      finishCopy: () => Promise.reject(new Error("nothing is copied here")),
      fetch: async (request) => {
        this.headers = request.headers;
        if (this.problem !== undefined) return Response.json(this.problem, { status: 404 });
        const [client, socket] = Object.values(new WebSocketPair());
        if (client === undefined || socket === undefined) throw new Error("no sockets");
        const heard: unknown[] = [];
        socket.addEventListener("message", ({ data }) => {
          heard.push(JSON.parse(String(data)));
        });
        socket.accept();
        this.sockets.push({ connection: connectionOf(request), socket, heard });
        return new Response(null, { status: 101, webSocket: client });
      },
    };
  }
}

/** Stands for the index objects: it notes who asked for which list. */
export class FakeIndex {
  readonly calls: Call[] = [];
  /** Who came to which list by a socket. */
  readonly sockets: { readonly owner: string; readonly connection: Connection }[] = [];

  getByName(owner: string): SessionIndexRpc & { fetch(request: Request): Promise<Response> } {
    return {
      fetch: async (request) => {
        const [client, socket] = Object.values(new WebSocketPair());
        if (client === undefined || socket === undefined) throw new Error("no sockets");
        socket.accept();
        this.sockets.push({ owner, connection: connectionOf(request) });
        return new Response(null, { status: 101, webSocket: client });
      },
      upsert: async () => {},
      remove: async () => {},
      list: async (options) => {
        this.calls.push([owner, "list", options]);
        return { sessions: [], next: null };
      },
    };
  }
}

const taskOf = (id: string): Task => ({
  id,
  title: "Pack",
  status: "pending",
  createdAt: 1,
  updatedAt: 1,
  source: "app",
});

const infoOf = (id: string, createdBy: string, title: string | null): SessionInfo => ({
  id,
  lifecycle: "active",
  paused: null,
  status: "idle",
  title,
  createdBy,
  createdAt: 1,
  meta: {},
  head: 1,
  floor: 0,
  turns: [],
  runner: null,
  presence: null,
  runsTurns: false,
  hasGateway: false,
  waking: null,
});

export const SECRET = "a secret of more than thirty-two bytes";
export const ORIGIN = "http://127.0.0.1:8787";

/** What a test may configure besides the objects. */
export interface Settings {
  readonly allowedHosts?: readonly string[];
  readonly allowedOrigins?: readonly string[];
  readonly assets?: { fetch(request: Request): Promise<Response> };
  readonly maxConnections?: number;
  readonly maxActiveSessions?: number;
}

/** An app over fakes, and a way to send it requests. */
export function appOver(settings: Settings = {}, gate?: ConnectionGate, active?: SessionGate) {
  const sessions = new FakeSessions();
  const index = new FakeIndex();
  const app = createApp<Settings>(
    {
      sessions: () => sessions,
      index: () => index,
      logins: () => env.LOGINS,
      secrets: () => SECRET,
      allowedHosts: (env) => env.allowedHosts,
      allowedOrigins: (env) => env.allowedOrigins,
      assets: (env) => env.assets,
      maxConnections: (env) => env.maxConnections,
      maxActiveSessions: (env) => env.maxActiveSessions,
    },
    gate,
    active,
  );
  const send = async (path: string, init?: RequestInit): Promise<Response> =>
    app.fetch(new Request(new URL(path, ORIGIN), { redirect: "manual", ...init }), settings);
  return { app, sessions, index, send };
}

/** A token that is good for a minute. */
export const tokenFor = (request: Partial<TokenRequest> = {}) =>
  signToken(SECRET, {
    subject: "ada",
    session: "*",
    role: "participant",
    expiresInSeconds: 60,
    ...request,
  });

/** The header with a token. */
export const bearer = async (request?: Partial<TokenRequest>) => ({
  authorization: `Bearer ${await tokenFor(request)}`,
});

/** A request with a JSON body. */
export const post = (body: unknown, headers: Record<string, string>): RequestInit => ({
  method: "POST",
  headers: { "content-type": "application/json", ...headers },
  body: JSON.stringify(body),
});

/** Status and code of a refusal. */
export async function refusalOf(response: Response): Promise<readonly [number, unknown]> {
  const { code } = await response.json<{ code: unknown }>();
  return [response.status, code];
}

/** Sends a frame as the object. */
export const say = (socket: WebSocket, frame: ServerFrame | string) =>
  socket.send(JSON.stringify(frame));
