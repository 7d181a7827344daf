import { execFile } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import {
  ElicitRequestSchema,
  ResourceUpdatedNotificationSchema,
} from "@modelcontextprotocol/sdk/types.js";
import { createTestHarness } from "wrangler";
import { signToken } from "../../src/auth/token.ts";
import type { Snippet } from "./snippets.ts";
import { allSnippets, ROOT } from "./snippets.ts";

/** In a folder that the other checks leave out, and from which `perdure/…` is found. */
const FOLDER = join(import.meta.dirname, "dist");

const SECRET = "a secret that is only good for this test";

const SNIPPETS = allSnippets();

/** Where a snippet runs: in a page or a terminal, or in a Worker; or in a page that imports the types of a Worker of its own. */
const placeOf = ({ document, file }: Snippet) => {
  if (file.startsWith("shard-page")) return "both";
  return document.endsWith("client.md") || file.endsWith(".tsx") ? "client" : "worker";
};

const source = (room: string) => join(ROOT, "packages/perdure/src", room, "index.ts");

/** A Worker that is a snippet, as the guide on sessions configures it. */
const worker = (
  file: string,
  session: string,
  ...others: readonly ("SessionIndexDO" | "LoginDO")[]
) => ({
  config: {
    name: file.replace(".ts", ""),
    main: join(FOLDER, file),
    compatibility_date: "2026-10-23",
    durable_objects: {
      bindings: [
        {
          name: session === "SyncLayer" ? "TMCP_DURABLE_OBJECT" : "SESSION_DO",
          class_name: session,
        },
        ...others.map((name) => ({
          name: name === "LoginDO" ? "LOGINS" : "SESSION_INDEX",
          class_name: name,
        })),
      ],
    },
    migrations: [{ tag: "v1", new_sqlite_classes: [session, ...others] }],
    alias: {
      "perdure/auth": source("auth"),
      "perdure/do": source("do"),
      "perdure/session": source("session"),
      "perdure/http": source("http"),
      "perdure/object": source("object"),
      "perdure/mcp": source("mcp"),
      "perdure/mcp/sdk": source("mcp/sdk"),
    },
    vars: { PERDURE_SECRET: SECRET, SESSION_DO_SECRET: SECRET },
  },
});

// Nothing is fetched from the network.
vi.stubEnv("CLOUDFLARE_CF_FETCH_ENABLED", "false");
const server = createTestHarness({
  workers: [
    worker("app.ts", "SessionDO", "SessionIndexDO", "LoginDO"),
    worker("mounted.ts", "SessionDO", "SessionIndexDO"),
    worker("minimal.ts", "SessionDO"),
    worker("copies.ts", "SessionDO"),
    worker("notes.ts", "NotesSession"),
    worker("timers.ts", "SupportSession"),
    worker("logins.ts", "SessionDO"),
    worker("devices.ts", "DeviceSessionDO"),
    worker("lifetime.ts", "TrialSession"),
    worker("poll-session.ts", "PollSession"),
    worker("hit-counter.ts", "HitCounter"),
    worker("trip.ts", "TripSession", "SessionIndexDO"),
    worker("chat-session.ts", "ChatSession", "SessionIndexDO"),
    worker("booking.ts", "SyncLayer"),
    worker("mcp-start.ts", "SyncLayer"),
    worker("mcp-identity.ts", "SyncLayer"),
    worker("mcp-long.ts", "SyncLayer"),
    worker("mcp-plain.ts", "SyncLayer"),
    worker("reports.ts", "SyncLayer"),
    worker("listening.ts", "SyncLayer"),
    worker("mcp-sdk.ts", "SyncLayer"),
  ],
});

let url: URL;

beforeAll(async () => {
  mkdirSync(FOLDER, { recursive: true });
  for (const [name, types, lib] of [
    ["client", [], ["ES2024", "DOM", "DOM.Iterable"]],
    ["both", ["@cloudflare/workers-types"], ["ES2024", "DOM", "DOM.Iterable"]],
    [
      "worker",
      ["@cloudflare/workers-types", "@cloudflare/vitest-plugin/types", "node/async_hooks"],
      ["ES2024"],
    ],
  ] as const) {
    const isMine = (snippet: Snippet) => placeOf(snippet) === name;
    const project = {
      extends: join(ROOT, "tsconfig.base.json"),
      compilerOptions: { types, lib, jsx: "react-jsx" },
      files: SNIPPETS.filter(isMine).map(({ file }) => file),
    };
    writeFileSync(join(FOLDER, `tsconfig.${name}.json`), JSON.stringify(project));
  }
  for (const { file, code } of SNIPPETS) writeFileSync(join(FOLDER, file), code);
  ({ url } = await server.listen());
}, 60_000);

afterAll(async () => {
  await server.close();
  rmSync(FOLDER, { recursive: true, force: true });
});

test("every block of TypeScript in the documents has a file name of its own", () => {
  const files = SNIPPETS.map(({ file }) => file);
  expect(files.length).toBeGreaterThan(5);
  expect(files).not.toContain("");
  expect(new Set(files).size).toBe(files.length);
});

test.each(["worker", "client", "both"])(
  "every block for a %s compiles",
  async (name) => {
    const project = join(FOLDER, `tsconfig.${name}.json`);
    const compile = promisify(execFile)("tsc", ["--singleThreaded", "-p", project], {
      env: { ...process.env, PATH: `${join(ROOT, "node_modules/.bin")}:${process.env["PATH"]}` },
    });
    const output = await compile.then(
      () => "",
      (error: Error & { stdout?: string }) => error.stdout || error.message,
    );
    expect(output).toBe("");
  },
  60_000,
);

test("the Worker with metadata and messages answers as the guide says", async () => {
  const response = await server.getWorker("minimal").fetch("http://localhost/");
  expect(await response.json()).toEqual({ meta: { title: "First steps" }, messages: [] });
});

test("the Worker that copies sessions answers as the guide says", async () => {
  const response = await server.getWorker("copies").fetch("http://localhost/");
  expect(await response.json()).toEqual([{ title: "Another end" }, { title: "A story" }]);
});

test("the subclass with its own tables and methods answers as the guide says", async () => {
  const response = await server.getWorker("notes").fetch("http://localhost/");
  expect(await response.json()).toEqual({ notes: 2 });
});

test("the subclass with timers sets them as the guide says", async () => {
  const response = await server.getWorker("timers").fetch("http://localhost/");
  expect(await response.json()).toEqual({ isLater: true });
});

test("people log in with a cookie, see their sessions, and log out everywhere, as the guide says", async () => {
  const { fetch: ask } = server.getWorker("logins");
  const origin = "http://localhost";
  const send = (path: string, cookie: string, body?: unknown) =>
    ask(`${origin}${path}`, {
      headers: { origin, cookie, "content-type": "application/json" },
      ...(body === undefined ? {} : { method: "POST", body: JSON.stringify(body) }),
    });
  expect((await send("/login", "", { name: "ada", password: "wrong" })).status).toBe(403);
  const login = await send("/login", "", { name: "ada", password: "open sesame" });
  const [cookie = ""] = login.headers.get("set-cookie")?.split(";") ?? [];
  expect(await (await send("/me", cookie)).json()).toEqual({ userId: "ada" });
  expect(await (await send("/me/sessions", cookie)).json()).toMatchObject([{ userId: "ada" }]);
  expect((await send("/logout-everywhere", cookie, {})).status).toBe(204);
  expect((await send("/me", cookie)).status).toBe(401);
});

test("the subclass with fields answers a bearer token as the guide says", async () => {
  const { fetch: ask } = server.getWorker("devices");
  const { token } = (await (await ask("http://localhost/login")).json()) as { token: string };
  const response = await ask("http://localhost/", {
    headers: { authorization: `Bearer ${token}` },
  });
  expect(await response.json()).toEqual({ userId: "ada", device: "phone" });
  expect((await ask("http://localhost/")).status).toBe(401);
});

test("the session with a lifetime is paused and erased as the guide says", async () => {
  const response = await server.getWorker("lifetime").fetch("http://localhost/");
  expect(await response.json()).toEqual({ paused: "ada", erased: "session_not_found" });
});

test("migrations run once each, in a session and in an object of one's own, as the guide says", async () => {
  for (let wake = 0; wake < 2; wake += 1) {
    const votes = await server.getWorker("poll-session").fetch("http://localhost/");
    expect(await votes.json()).toEqual(["ada", "the house"]);
  }
  const hits = await server.getWorker("hit-counter").fetch("http://localhost/");
  expect(await hits.json()).toEqual({ hits: 2 });
});

test("metadata, history, search and tasks answer by RPC and over HTTP as the guide says", async () => {
  const { fetch } = server.getWorker("trip");
  expect(await (await fetch("http://localhost/tour")).json()).toEqual({
    meta: { title: "Summer", language: "en", rating: 4 },
    pages: [["m1"], ["m2", "m3"]],
    first: [{ type: "text", text: "Where to?" }],
    found: ["m2"],
    done: [{ id: "hotel", progress: 1, result: { euros: 180 } }],
  });
  vi.stubGlobal("fetch", fetch);
  const guide = (await import(join(FOLDER, "trip-http.ts"))) as {
    readonly finishTrip: (server: string, token: string) => Promise<unknown>;
  };
  const token = await signToken(SECRET, {
    subject: "ada",
    session: "trip",
    role: "participant",
    expiresInSeconds: 60,
  });
  expect(await guide.finishTrip("http://localhost", token)).toEqual({
    meta: { title: "Summer", language: "de", rating: 4 },
    ids: ["m1", "m2", "m3"],
    found: 1,
    message: "m1",
    tasks: [expect.objectContaining({ id: "tickets", status: "failed", error: "Sold out" })],
  });
  const headers = { authorization: `Bearer ${token}` };
  await vi.waitFor(async () => {
    const task = await fetch("http://localhost/v1/sessions/trip/tasks/pack", { headers });
    expect(await task.json()).toMatchObject({ status: "running" });
  });
  vi.unstubAllGlobals();
});

test("people are invited and join as the guide says", async () => {
  const claims = { subject: "ada", session: "*", role: "admin", expiresInSeconds: 60 } as const;
  const token = await signToken(SECRET, claims);
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  const body = JSON.stringify({ id: "shared" });
  await fetch(new URL("/v1/sessions", url), { method: "POST", headers, body });
  const { invite } = (await import(join(FOLDER, "invite.ts"))) as {
    readonly invite: (server: string, session: string, token: string) => Promise<string>;
  };
  const guide = (await import(join(FOLDER, "join.ts"))) as {
    readonly join: (link: string, name: string) => Promise<string>;
  };
  const link = await invite(url.origin, "shared", token);
  const guest = await guide.join(link, "Bob");
  const seen = await fetch(new URL("/v1/sessions/shared", url), {
    headers: { authorization: `Bearer ${guest}` },
  });
  expect(await seen.json()).toMatchObject({ id: "shared", lifecycle: "active" });
});

test("the session that runs its turns answers, and asks before it pays, as the guide says", async () => {
  const { fetch: ask } = server.getWorker("chat-session");
  const holder = { subject: "ada", session: "*", role: "admin", expiresInSeconds: 60 } as const;
  const headers = {
    authorization: `Bearer ${await signToken(SECRET, holder)}`,
    "content-type": "application/json",
  };
  const call = async <T>(path: string, body?: unknown) => {
    const init = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
    const response = await ask(`http://localhost/v1/sessions${path}`, { headers, ...init });
    return (await response.json()) as T;
  };
  const ended = () =>
    vi.waitFor(async () => {
      const { turns } = await call<{ readonly turns: readonly unknown[] }>("/abc");
      expect(turns).toEqual([]);
    });
  await call("", { id: "abc" });
  await call("/abc/messages", { id: "m1", text: "Hello?" });
  await ended();
  await call("/abc/messages", { id: "m2", text: "Please pay Bob." });
  const approval = await vi.waitFor(async () => {
    const { approvals } = await call<{
      readonly approvals: readonly { readonly approval: string }[];
    }>("/abc/approvals?state=pending");
    expect(approvals).toHaveLength(1);
    return approvals[0]?.approval;
  });
  await call(`/abc/approvals/${approval}`, { option: "allow" });
  await ended();
  const { messages } = await call<{ readonly messages: readonly { readonly message: unknown }[] }>(
    "/abc/messages",
  );
  expect(messages.map(({ message }) => message)).toMatchObject([
    { id: "m1" },
    { role: "assistant", parts: [{ type: "step-start" }, { text: "Hello." }] },
    { id: "m2" },
    {
      parts: [
        { type: "step-start" },
        { type: "tool-pay", output: { paid: true, euros: 20, key: "m2" } },
        { type: "step-start" },
        { text: "Done." },
      ],
    },
  ]);
});

/** A client of MCP with a session, at a Worker. */
async function mcpSession(name: string, more: Readonly<Record<string, string>> = {}) {
  const { fetch: ask } = server.getWorker(name);
  const headers: Record<string, string> = {
    accept: "application/json, text/event-stream",
    "content-type": "application/json",
    "mcp-protocol-version": "2025-11-25",
    ...more,
  };
  const request = (method: string, params: object) =>
    ask("http://localhost/mcp", {
      method: "POST",
      headers,
      body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }),
    });
  const first = await request("initialize", {
    protocolVersion: "2025-11-25",
    capabilities: {},
    clientInfo: { name: "guide", version: "1" },
  });
  await first.text();
  headers["mcp-session-id"] = first.headers.get("mcp-session-id") ?? "";
  return {
    request,
    call: async (tool: string, args: object = {}) =>
      (await request("tools/call", { name: tool, arguments: args })).text(),
    get: (last: Readonly<Record<string, string>> = {}) =>
      ask("http://localhost/mcp", { headers: { ...headers, ...last } }),
  };
}

test("the MCP server adds numbers in a session, as the guide says", async () => {
  const { call } = await mcpSession("mcp-start");
  expect(await call("sum", { a: 2, b: 3 })).toContain('"text":"5"');
});

test("the MCP server knows whose a session is, as the guide says", async () => {
  const { call } = await mcpSession("mcp-identity", { authorization: "Bearer ada-token" });
  expect(await call("whoami")).toContain('"text":"ada"');
  const { fetch: ask } = server.getWorker("mcp-identity");
  expect((await ask("http://localhost/mcp", { method: "POST", body: "{}" })).status).toBe(401);
});

test("the MCP server's long tool is answered to the client that comes back, as the guide says", async () => {
  const { call, get } = await mcpSession("mcp-long");
  const ended = await call("report");
  expect(ended).not.toContain("done");
  const [, id = ""] = /^id: (.+)$/m.exec(ended) ?? [];
  const back = await get({ "last-event-id": id });
  expect(await back.text()).toContain('"text":"done"');
});

test("F62 a plain MCP server tells of a change after its request has ended, as the guide says", async () => {
  const { request, call, get } = await mcpSession("mcp-plain");
  await (await request("resources/subscribe", { uri: "door://front" })).text();
  const stream = await get();
  const reader = (stream.body ?? new ReadableStream()).getReader();
  const decoder = new TextDecoder();
  let seen = "";
  while (!seen.includes("connected")) seen += decoder.decode((await reader.read()).value);
  await vi.waitFor(async () => expect(await call("open")).toContain("opened"));
  while (!seen.includes("notifications/resources/updated"))
    seen += decoder.decode((await reader.read()).value);
  expect(seen).toContain("door://front");
  await reader.cancel();
});

/** A request of a stateless client of MCP. */
const statelessRequest = (method: string, params: object, name?: string) => ({
  method: "POST",
  headers: {
    "content-type": "application/json",
    accept: "application/json, text/event-stream",
    "mcp-protocol-version": "2026-07-28",
    "mcp-method": method,
    ...(name === undefined ? {} : { "mcp-name": name }),
  },
  body: JSON.stringify({
    jsonrpc: "2.0",
    id: 1,
    method,
    params: {
      ...params,
      _meta: {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": { name: "test", version: "1" },
        "io.modelcontextprotocol/clientCapabilities": { elicitation: {} },
      },
    },
  }),
});

test("a stateless MCP server asks its client, and keeps what it saved under a handle, as the guide says", async () => {
  const { fetch: ask } = server.getWorker("booking");
  const book = async (more: object) => {
    const params = { name: "book", arguments: { people: 2 }, ...more };
    const response = await ask(
      "http://localhost/mcp",
      statelessRequest("tools/call", params, "book"),
    );
    const text = await response.text();
    const { result, error } = JSON.parse(text.replace(/^[^]*?data: /, "")) as {
      readonly result?: {
        readonly requestState?: string;
        readonly inputRequests?: {
          readonly sure: { readonly params: { readonly message: string } };
        };
        readonly content?: readonly unknown[];
      };
      readonly error?: { readonly code: number };
    };
    return { ...result, code: error?.code };
  };
  const asked = await book({});
  const table = /Table (\d+) for 2/.exec(asked.inputRequests?.sure.params.message ?? "")?.[1];
  expect(asked.requestState).toMatch(/^[\w-]{43}\.[\w-]{22}$/);
  const inputResponses = { sure: { action: "accept", content: { sure: true } } };
  const booked = await book({ requestState: asked.requestState, inputResponses });
  expect(booked.content).toEqual([{ type: "text", text: `Table ${table} is yours.` }]);
  const forged = `${asked.requestState?.slice(0, -1)}_`;
  expect(await book({ requestState: forged, inputResponses })).toEqual({ code: -32602 });
});

test("a stream of changes stays open, and hears of what other requests tell, as the guide says", async () => {
  const { fetch: ask } = server.getWorker("listening");
  const params = { notifications: { resourceSubscriptions: ["shelf://new"] } };
  const response = await ask(
    "http://localhost/mcp",
    statelessRequest("subscriptions/listen", params),
  );
  const reader = response.body?.getReader();
  const decoder = new TextDecoder();
  let text = "";
  const heard = async (what: string, times: number) => {
    while (text.split(what).length <= times)
      text += decoder.decode((await reader?.read())?.value, { stream: true });
  };
  await heard("notifications/subscriptions/acknowledged", 1);
  for (let times = 1; times <= 3; times += 1) {
    await ask("http://localhost/arrived");
    await heard("notifications/resources/updated", times);
  }
  expect(text).toContain('"uri":"shelf://new"');
  await reader?.cancel();
});

test("a task asks for input and is completed, as the guide says", async () => {
  const { fetch: ask } = server.getWorker("reports");
  const call = async (body: object) => {
    const init = { method: "POST", body: JSON.stringify(body) };
    const response = await ask("http://localhost/", init);
    return (await response.json()) as { readonly taskId: string };
  };
  const { taskId } = await call({});
  await vi.waitFor(async () =>
    expect(await call({ taskId })).toMatchObject({
      status: "input_required",
      inputRequests: { language: { method: "elicitation/create" } },
    }),
  );
  const answer = { action: "accept", content: { language: "de" } };
  await call({ taskId, inputResponses: { language: answer } });
  await vi.waitFor(async () =>
    expect(await call({ taskId })).toMatchObject({ status: "completed", result: { answer } }),
  );
  expect(await call({ taskId: `${taskId.slice(0, -1)}_` })).toHaveProperty("error");
});

test("Hono's client talks to the app in which the routes are mounted, as the guide has both", async () => {
  const { fetch } = server.getWorker("mounted");
  vi.stubGlobal("fetch", fetch);
  const { firstMessage } = (await import(join(FOLDER, "typed-client.ts"))) as {
    readonly firstMessage: (url: string) => Promise<string>;
  };
  expect(await firstMessage("http://localhost")).toBe("m1");
  vi.unstubAllGlobals();
});

test("the client talks to the Worker with routes, as the guides have both", async () => {
  const token = await signToken(SECRET, {
    subject: "ada",
    session: "*",
    role: "admin",
    expiresInSeconds: 60,
  });
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  const body = JSON.stringify({ id: "abc-123" });
  await fetch(new URL("/v1/sessions", url), { method: "POST", headers, body });

  const { code = "" } = SNIPPETS.find(({ file }) => file === "client.ts") ?? {};
  const file = join(FOLDER, "client-here.ts");
  const here = code.replace("http://127.0.0.1:8787", url.origin).replace('"…"', `"${token}"`);
  writeFileSync(file, here);
  const told = vi.spyOn(console, "log").mockReturnValue();
  await import(file);
  expect(told.mock.calls).toContainEqual([3, "turn.queued"]);
  told.mockRestore();

  const page = await fetch(new URL("/v1/sessions/abc-123/events", url), { headers });
  expect(await page.json()).toMatchObject({
    events: [
      { type: "session.created" },
      { type: "session.meta", patch: { title: "What changed since yesterday?" } },
      { type: "turn.queued" },
      { type: "turn.ended", outcome: "cancelled" },
    ],
  });
});

test("a server of the official SDK asks its client, and tells those that follow what has changed, as the guide says", async () => {
  const { fetch: ask } = server.getWorker("mcp-sdk");
  const transport = new StreamableHTTPClientTransport(new URL("http://localhost/mcp"), {
    fetch: async (target, init) => {
      const response = await ask(String(target), init as never);
      return response as unknown as Response;
    },
  });
  const client = new Client({ name: "guide", version: "1" }, { capabilities: { elicitation: {} } });
  client.setRequestHandler(ElicitRequestSchema, () => ({ action: "accept", content: {} }));
  const updated = new Promise((resolve) => {
    client.setNotificationHandler(ResourceUpdatedNotificationSchema, ({ params }) =>
      resolve(params),
    );
  });
  await client.connect(transport);
  await client.subscribeResource({ uri: "plant://basil" });
  expect(await client.callTool({ name: "water" })).toMatchObject({
    content: [{ text: "Watered." }],
  });
  expect(await updated).toEqual({ uri: "plant://basil" });
  await transport.terminateSession();
  await client.close();
});
