import { expect, test } from "vitest";
import { appOver, bearer, post, refusalOf } from "./http-fakes.ts";

const ADA = {
  subject: "ada",
  role: "participant",
  expiresAt: expect.any(Number) as number,
  token: { id: expect.any(String) as string, issuedAt: expect.any(Number) as number },
};

test("a session is created once: 201 with its place, then 200", async () => {
  const { send, sessions } = appOver();
  const headers = await bearer({ role: "admin" });
  const first = await send("/v1/sessions", post({ id: "s1", title: "One" }, headers));
  expect([first.status, first.headers.get("location")]).toEqual([201, "/v1/sessions/s1"]);
  expect(await first.json()).toMatchObject({ id: "s1", title: "One", created: true });
  expect((await send("/v1/sessions", post({ id: "s1", title: "One" }, headers))).status).toBe(200);
  expect(sessions.calls[0]).toEqual([
    "s1",
    "create",
    { ...ADA, role: "admin" },
    { id: "s1", title: "One" },
  ]);
});

test("a session may name its gateway when it is created", async () => {
  const { send, sessions } = appOver();
  const headers = await bearer({ role: "admin" });
  const gateway = { url: "https://box.example", cwd: "/work", worktree: "/tree", agent: "a" };
  await send("/v1/sessions", post({ id: "s1", gateway: { ...gateway, other: 1 } }, headers));
  expect(sessions.calls[0]?.[3]).toEqual({ id: "s1", gateway });
  for (const wrong of ["text", { url: 1 }, { cwd: "" }, { agent: "x".repeat(4_097) }]) {
    const response = await send("/v1/sessions", post({ id: "s2", gateway: wrong }, headers));
    expect(await refusalOf(response)).toEqual([400, "bad_request"]);
  }
});

test("a session without an id gets a UUIDv7", async () => {
  const { send } = appOver();
  const response = await send("/v1/sessions", post({}, await bearer({ role: "admin" })));
  const { id } = await response.json<{ id: string }>();
  expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  const milliseconds = Number.parseInt(id.replace("-", "").slice(0, 12), 16);
  expect(Math.abs(milliseconds - Date.now())).toBeLessThan(60_000);
});

test("H50 a list is filtered by lifecycle and status, and nothing else", async () => {
  const { send, index } = appOver();
  const list = async (query: string) =>
    send(`/v1/sessions${query}`, { headers: await bearer({ role: "viewer" }) });
  await list("?lifecycle=paused&status=running");
  expect(index.calls).toEqual([["ada", "list", { lifecycle: "paused", status: "running" }]]);
  for (const wrong of ["?lifecycle=over", "?status=queued", "?status="])
    expect(await refusalOf(await list(wrong))).toEqual([400, "bad_request"]);
});

test("H51 an upgrade of the list's path opens the list of the caller, or for an admin another's", async () => {
  const { send, index } = appOver();
  const connect = async (query: string, role: "viewer" | "admin", offered = "") => {
    const headers = { ...(await bearer({ role })), upgrade: "websocket" };
    return send(`/v1/sessions${query}`, {
      headers: offered === "" ? headers : { ...headers, "sec-websocket-protocol": offered },
    });
  };
  const response = await connect("", "viewer", "perdure");
  expect(response.status).toBe(101);
  expect(response.headers.get("sec-websocket-protocol")).toBe("perdure");
  expect((await connect("?owner=bob", "viewer")).status).toBe(403);
  expect((await connect("?owner=bob", "admin")).status).toBe(101);
  // The list's object lets a socket use the one query.
  const list = { kind: "shard", meta: { identity: null, functions: ["queries.sessions"] } };
  expect(index.sockets).toMatchObject([
    { owner: "ada", connection: { ...ADA, role: "viewer", ...list } },
    { owner: "bob", connection: { ...ADA, role: "admin", ...list } },
  ]);
  expect(index.calls).toEqual([]);
});

test.for(["", "a b", "a/b", "ä", "a.b", "x".repeat(65), 7])("%j is no session's id", async (id) => {
  const { send } = appOver();
  const response = await send("/v1/sessions", post({ id }, await bearer({ role: "admin" })));
  expect(await refusalOf(response)).toEqual([400, "bad_request"]);
});

test("a list is that of the token's subject; another's is an admin's to see", async () => {
  const { send, index } = appOver();
  const list = async (query: string, role: "participant" | "admin") =>
    (await send(`/v1/sessions${query}`, { headers: await bearer({ role }) })).status;
  expect(await list("?limit=5&before=c1", "participant")).toBe(200);
  expect(await list("?owner=bob", "participant")).toBe(403);
  expect(await list("?owner=bob", "admin")).toBe(200);
  expect(index.calls).toEqual([
    ["ada", "list", { limit: 5, before: "c1" }],
    ["bob", "list", {}],
  ]);
});

test("a prompt is accepted with its turn and position", async () => {
  const { send, sessions } = appOver();
  const prompt = post({ id: "p1", text: "hi", metadata: { from: "phone" } }, await bearer());
  const response = await send("/v1/sessions/s1/messages", prompt);
  expect([response.status, await response.json()]).toEqual([202, { turn: "t1", position: 7 }]);
  expect(sessions.calls).toEqual([
    [
      "s1",
      "command",
      ADA,
      "p1",
      { op: "prompt", parts: [{ type: "text", text: "hi" }], metadata: { from: "phone" } },
    ],
  ]);
});

test.for([
  ["without an id", { text: "hi" }],
  ["without a text", { id: "p1" }],
  ["with an empty text", { id: "p1", text: "" }],
  ["with text and parts", { id: "p1", text: "hi", parts: [{ type: "text", text: "hi" }] }],
  ["with parts that are none", { id: "p1", parts: [{ type: "tool-edit" }] }],
  ["with a text that is no string", { id: "p1", text: 1 }],
  ["with an id of spaces", { id: "p 1", text: "hi" }],
] as const)("a prompt %s is a bad request", async ([, body]) => {
  const { send, sessions } = appOver();
  const response = await send("/v1/sessions/s1/messages", post(body, await bearer()));
  expect(await refusalOf(response)).toEqual([400, "bad_request"]);
  expect(sessions.calls).toEqual([]);
});

test("a command that the session refuses has the status of its code, and the facts beside it", async () => {
  const { send, sessions } = appOver();
  const error = { code: "already_decided", detail: "Bob did.", extra: { by: "bob", status: 1 } };
  sessions.reply = { ok: false, error: { ...error, code: "already_decided" } };
  const decision = post({ option: "allow" }, await bearer());
  const response = await send("/v1/sessions/s1/approvals/a1", decision);
  expect(response.status).toBe(409);
  expect(await response.json()).toMatchObject({
    code: "already_decided",
    detail: "Bob did.",
    by: "bob",
    status: 409,
  });
});

test("each route is its command", async () => {
  const { send, sessions } = appOver();
  const headers = await bearer({ role: "admin" });
  await send("/v1/sessions/s1/cancel", post({ id: "c1", turn: "t1" }, headers));
  await send("/v1/sessions/s1/approvals/a1", post({ id: "c2", option: "o", reason: "r" }, headers));
  await send("/v1/sessions/s1", {
    ...post({ id: "c3", meta: { a: null } }, headers),
    method: "PATCH",
  });
  await send("/v1/sessions/s1/pause", post({ id: "c4" }, headers));
  await send("/v1/sessions/s1/resume", post({ id: "c5" }, headers));
  await send("/v1/sessions/s1/terminate", post({ id: "c6" }, headers));
  await send("/v1/sessions/s1/wake", post({ id: "c7" }, headers));
  await send("/v1/sessions/s1/meta", {
    ...post({ id: "c8", meta: { a: 1 } }, headers),
    method: "PUT",
  });
  expect(sessions.calls.map(([, , , id, command]) => [id, command])).toEqual([
    ["c1", { op: "cancel", turn: "t1" }],
    ["c2", { op: "decide", approval: "a1", option: "o", reason: "r" }],
    ["c3", { op: "set-meta", patch: { a: null } }],
    ["c4", { op: "pause" }],
    ["c5", { op: "resume" }],
    ["c6", { op: "terminate" }],
    ["c7", { op: "wake" }],
    ["c8", { op: "set-meta", patch: { a: 1 }, replace: true }],
  ]);
});

test("a command without an id gets one of its own each time", async () => {
  const { send, sessions } = appOver();
  const init = { method: "POST", headers: await bearer() };
  await send("/v1/sessions/s1/cancel", init);
  await send("/v1/sessions/s1/cancel", init);
  const ids = sessions.calls.map(([, , , id]) => id);
  expect(new Set(ids).size).toBe(2);
});

test("only an admin pauses, resumes and terminates", async () => {
  const { send } = appOver();
  for (const op of ["pause", "resume", "terminate"])
    expect((await send(`/v1/sessions/s1/${op}`, post({}, await bearer()))).status).toBe(403);
});

test("messages and approvals pass their filters on", async () => {
  const { send, sessions } = appOver();
  const init = { headers: await bearer() };
  await send("/v1/sessions/s1/messages?before=9&limit=3", init);
  await send("/v1/sessions/s1/approvals?state=pending&before=9&limit=3", init);
  expect(sessions.calls).toEqual([
    ["s1", "messages", ADA, { before: 9, limit: 3 }],
    ["s1", "approvals", ADA, { state: "pending", before: 9, limit: 3 }],
  ]);
  expect((await send("/v1/sessions/s1/messages?limit=x", init)).status).toBe(400);
  expect((await send("/v1/sessions/s1/approvals?state=x", init)).status).toBe(400);
});

test("a page of events has single events, each with its position", async () => {
  const { send, sessions } = appOver();
  sessions.page = {
    position: 5,
    events: [
      { type: "text-start", id: "t" },
      { type: "text-delta", id: "t", delta: "Hello you", splits: [5, 4] },
      { type: "text-end", id: "t" },
    ],
    next: 8,
    head: 20,
    floor: 2,
  };
  const response = await send("/v1/sessions/s1/events?after=4", { headers: await bearer() });
  expect(await response.json()).toEqual({
    position: 5,
    events: [
      { position: 5, type: "text-start", id: "t" },
      { position: 6, type: "text-delta", id: "t", delta: "Hello" },
      { position: 7, type: "text-delta", id: "t", delta: " you" },
      { position: 8, type: "text-end", id: "t" },
    ],
    next: 8,
    head: 20,
    floor: 2,
  });
  expect(sessions.calls[0]?.slice(3)).toEqual([4]);
});

test("a body past the limit is too large, whether or not it says its length", async () => {
  const { send } = appOver();
  const headers = await bearer();
  const text = "x".repeat(300_000);
  const known = await send("/v1/sessions/s1/messages", post({ id: "p1", text }, headers));
  expect(await refusalOf(known)).toEqual([413, "too_large"]);
  const stream = new Blob([JSON.stringify({ id: "p1", text })]).stream();
  const unknown = await send("/v1/sessions/s1/messages", {
    ...post({}, headers),
    body: stream,
  });
  expect(await refusalOf(unknown)).toEqual([413, "too_large"]);
});

test.for([
  ["malformed JSON", "{", "application/json"],
  ["a list", "[]", "application/json"],
  ["another type", "{}", "text/plain"],
] as const)("%s is a bad request", async ([, body, type]) => {
  const { send } = appOver();
  const response = await send("/v1/sessions/s1/messages", {
    method: "POST",
    headers: { ...(await bearer()), "content-type": type },
    body,
  });
  expect(await refusalOf(response)).toEqual([400, "bad_request"]);
});

test("an unknown session is 404, an unknown route too, and a wrong method says which are right", async () => {
  const { send, sessions } = appOver();
  const headers = await bearer();
  sessions.problem = { code: "session_not_found", detail: "No such session." };
  expect(await refusalOf(await send("/v1/sessions/s1", { headers }))).toEqual([
    404,
    "session_not_found",
  ]);
  expect(await refusalOf(await send("/v1/nothing", { headers }))).toEqual([404, "not_found"]);
  const wrong = await send("/v1/sessions/s1/cancel", { headers });
  expect(wrong.headers.get("allow")).toBe("POST");
  expect(await refusalOf(wrong)).toEqual([405, "method_not_allowed"]);
});

test("a session that is overloaded or gone is unavailable for a while", async () => {
  const { send, sessions } = appOver();
  sessions.getByName = () => {
    throw Object.assign(new Error("overloaded"), { overloaded: true });
  };
  const response = await send("/v1/sessions/s1", { headers: await bearer() });
  expect(response.headers.get("retry-after")).toBe("5");
  expect(await refusalOf(response)).toEqual([503, "unavailable"]);
});

test("no cache keeps an answer", async () => {
  const { send } = appOver();
  const response = await send("/v1/sessions/s1", { headers: await bearer() });
  expect(response.headers.get("cache-control")).toBe("no-store");
  expect(response.headers.get("x-content-type-options")).toBe("nosniff");
});
