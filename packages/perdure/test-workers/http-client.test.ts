import { env } from "cloudflare:workers";
import type { Context } from "hono";
import { Hono } from "hono";
import { hc } from "hono/client";
import { expect, expectTypeOf, test } from "vitest";
import type { ProblemDocument } from "../src/http/index.ts";
import { sessionRoutes } from "../src/http/index.ts";
import type {
  JsonObject,
  NewTask,
  PlacedMessage,
  Task,
  TaskStatus,
} from "../src/protocol/index.ts";
import type { SessionInfo, SessionListing } from "../src/session/index.ts";
import { ORIGIN } from "./http-fakes.ts";

interface AppEnv {
  Bindings: Cloudflare.Env;
  Variables: { user: string };
}

/** A user's own app, with a middleware of its own before the routes and a route beside them. */
const app = new Hono<AppEnv>()
  .use(async (c, next) => {
    c.set("user", c.req.header("x-user") ?? "");
    await next();
  })
  .get("/api/hello", (c) => c.json({ hello: c.var.user }))
  .route(
    "/api",
    sessionRoutes({
      binding: "SESSION_DO",
      index: "SESSION_INDEX",
      authorize: (c: Context<AppEnv>) =>
        c.var.user === "" ? null : { subject: c.var.user, role: "admin" },
    }),
  );

const client = hc<typeof app>(ORIGIN, {
  headers: { "x-user": "ada" },
  fetch: (input: Request | string | URL, init?: RequestInit) =>
    app.fetch(new Request(input, init), env),
});

test("Hono's client knows what each route takes and answers, and what a refusal looks like", async () => {
  const created = await client.api.sessions.$post({ json: { id: "http-typed", title: "Typed" } });
  expect(created.status).toBe(201);
  if (!created.ok) throw new Error((await created.json()).detail);
  expect(created.headers.get("location")).toBe("/api/sessions/http-typed");
  const info = await created.json();
  expectTypeOf(info).toExtend<SessionInfo>();
  expect(info).toMatchObject({ id: "http-typed", title: "Typed", createdBy: "ada", created: true });

  const session = client.api.sessions[":id"];
  const param = { id: "http-typed" };
  const accepted = await session.messages.$post({ param, json: { id: "p1", text: "hello" } });
  if (!accepted.ok) throw new Error((await accepted.json()).detail);
  const turn = await accepted.json();
  expectTypeOf(turn.turn).toBeString();
  expect(turn).toMatchObject({ turn: "p1" });

  const page = await session.messages.$get({ param, query: { limit: 5 } });
  if (!page.ok) throw new Error((await page.json()).detail);
  const { messages } = await page.json();
  expectTypeOf(messages).toEqualTypeOf<readonly PlacedMessage[]>();
  expect(messages.map(({ message }) => message.id)).toEqual(["p1"]);

  const list = await client.api.sessions.$get({ query: {} });
  if (!list.ok) throw new Error((await list.json()).detail);
  expectTypeOf((await list.json()).sessions).toEqualTypeOf<readonly SessionListing[]>();

  const missing = await session.$get({ param: { id: "missing" } });
  if (missing.ok) throw new Error("found");
  const problem = await missing.json();
  expectTypeOf(problem).toEqualTypeOf<ProblemDocument>();
  expect([missing.status, problem.code]).toEqual([404, "session_not_found"]);
});

const king = { subject: "a", role: "king" } as const;

test("H37 tasks are created, changed, listed by status and looked at, typed end to end", async () => {
  const param = { id: "typed-tasks" };
  await client.api.sessions.$post({ json: param });
  const { tasks } = client.api.sessions[":id"];
  const create = async (task: NewTask) => {
    const created = await tasks.$post({ param, json: task });
    if (!created.ok) throw new Error((await created.json()).detail);
    expect(created.status).toBe(201);
    return (await created.json()).task;
  };
  expect(await create({ id: "pack", title: "Pack", payload: { bags: 2 } })).toBe("pack");
  expect(await create({ id: "fly", title: "Fly", priority: "high" })).toBe("fly");
  // The same again has one effect and the same answer.
  expect(await create({ id: "fly", title: "Fly", priority: "high" })).toBe("fly");

  const changed = await tasks[":taskId"].$patch({
    param: { ...param, taskId: "pack" },
    json: { status: "running", progress: 0.5 },
  });
  expect(changed.status).toBe(200);

  const listed = async (query: { status?: TaskStatus; limit?: number }) => {
    const page = await tasks.$get({ param, query });
    if (!page.ok) throw new Error((await page.json()).detail);
    const body = await page.json();
    expectTypeOf(body.tasks).toEqualTypeOf<readonly Task[]>();
    return body.tasks.map(({ id }) => id);
  };
  expect(await listed({})).toEqual(["pack", "fly"]);
  expect(await listed({ status: "running" })).toEqual(["pack"]);
  expect(await listed({ limit: 1 })).toEqual(["fly"]);

  const one = await tasks[":taskId"].$get({ param: { ...param, taskId: "pack" } });
  expect(await one.json()).toMatchObject({
    status: "running",
    progress: 0.5,
    payload: { bags: 2 },
  });
  const missing = await tasks[":taskId"].$get({ param: { ...param, taskId: "swim" } });
  if (missing.ok) throw new Error("found");
  expect([missing.status, (await missing.json()).code]).toEqual([404, "task_not_found"]);
  const wrong = await tasks.$get({ param, query: { status: "undone" as TaskStatus } });
  expect(wrong.status).toBe(400);
});

test("H38 one message is read by its id, and messages are found by their words where the class is searchable", async () => {
  const searchable = new Hono().route(
    "/",
    sessionRoutes({
      binding: "DATA_SESSION",
      authorize: () => ({ subject: "ada", role: "admin" }),
    }),
  );
  const { sessions } = hc<typeof searchable>(ORIGIN, {
    fetch: (input: Request | string | URL, init?: RequestInit) =>
      searchable.fetch(new Request(input, init), env),
  });
  const param = { id: "typed-search" };
  await sessions.$post({ json: param });
  for (const [id, text] of Object.entries({
    p1: "a hotel in Rome",
    p2: "a train",
    p3: "Rome again",
  }))
    await sessions[":id"].messages.$post({ param, json: { id, text } });

  const found = await sessions[":id"].search.$get({ param, query: { q: "rome", limit: 1 } });
  if (!found.ok) throw new Error((await found.json()).detail);
  const { messages, next, isComplete } = await found.json();
  expect([messages.map(({ message }) => message.id), isComplete]).toEqual([["p3"], true]);
  const more = await sessions[":id"].search.$get({
    param,
    query: { q: "rome", before: next ?? 0 },
  });
  expect(await more.json()).toMatchObject({ messages: [{ message: { id: "p1" } }], next: null });
  const nothing = await sessions[":id"].search.$get({ param, query: { q: "" } });
  expect(nothing.status).toBe(400);

  const one = sessions[":id"].messages[":messageId"];
  const message = await one.$get({ param: { ...param, messageId: "p2" } });
  expect(await message.json()).toMatchObject({
    message: { id: "p2", parts: [{ type: "text", text: "a train" }] },
  });
  expect((await one.$get({ param: { ...param, messageId: "p4" } })).status).toBe(404);
});

test("H60 a PUT of metadata replaces it, the same once, and what does not fit the schema is refused", async () => {
  const checked = new Hono().route(
    "/",
    sessionRoutes({
      binding: "DATA_SESSION",
      authorize: (c) => ({
        subject: "ada",
        role: c.req.header("x-role") === "viewer" ? "viewer" : "admin",
      }),
    }),
  );
  const { sessions } = hc<typeof checked>(ORIGIN, {
    fetch: (input: Request | string | URL, init?: RequestInit) =>
      checked.fetch(new Request(input, init), env),
  });
  const param = { id: "typed-meta-put" };
  await sessions.$post({ json: param });
  const { meta } = sessions[":id"];
  const put = (json: { id?: string; meta: JsonObject }, headers: Record<string, string> = {}) =>
    meta.$put({ param, json }, { headers });
  const kept = async () => (await (await meta.$get({ param })).json()) as { meta: JsonObject };

  expect((await put({ id: "c1", meta: { rating: 4, language: "de" } })).status).toBe(200);
  expect(await kept()).toEqual({ meta: { rating: 4, language: "de" } });
  expect((await put({ id: "c2", meta: { rating: 5 } })).status).toBe(200);
  expect(await kept()).toEqual({ meta: { rating: 5, language: "en" } });
  // Sent again it has no second effect, whatever came between.
  await put({ meta: { rating: 1 } });
  expect((await put({ id: "c2", meta: { rating: 5 } })).status).toBe(200);
  expect(await kept()).toEqual({ meta: { rating: 1, language: "en" } });

  const refused = await put({ meta: { rating: 9 } });
  if (refused.ok) throw new Error("taken");
  expect(refused.status).toBe(400);
  expect(await refused.json()).toMatchObject({
    code: "bad_request",
    issues: [{ path: ["rating"] }],
  });
  for (const body of [{}, { meta: 1 }, { meta: [] }])
    expect((await put(body as unknown as { meta: JsonObject })).status).toBe(400);
  expect((await put({ meta: { rating: 2 } }, { "x-role": "viewer" })).status).toBe(403);
  expect(await kept()).toEqual({ meta: { rating: 1, language: "en" } });
});

test("H39 metadata is merged, and read by itself", async () => {
  const param = { id: "typed-meta" };
  await client.api.sessions.$post({ json: param });
  const session = client.api.sessions[":id"];
  await session.$patch({ param, json: { meta: { title: "Trip", draft: true } } });
  await session.$patch({ param, json: { meta: { draft: null } } });
  const response = await session.meta.$get({ param });
  expect(await response.json()).toEqual({ meta: { title: "Trip" } });
});

test("what does not fit a route does not compile", () => {
  const { messages, approvals, $get } = client.api.sessions[":id"];
  const param = { id: "s" };
  const sayBoth = { id: "p", text: "hello", parts: [] };
  const wrong = [
    // @ts-expect-error a prompt needs an id
    () => messages.$post({ param, json: { text: "hello" } }),
    // @ts-expect-error a prompt has a text or parts, not both
    () => messages.$post({ param, json: sayBoth }),
    // @ts-expect-error the path needs its session
    () => $get(),
    // @ts-expect-error there is no such state
    () => approvals.$get({ param, query: { state: "undecided" } }),
    // @ts-expect-error there is no such binding
    () => sessionRoutes({ binding: "NOWHERE", authorize: () => null }),
    // @ts-expect-error the binding is another class's
    () => sessionRoutes({ binding: "COUNTER", authorize: () => null }),
    // @ts-expect-error there is no such role
    () => sessionRoutes({ binding: "SESSION_DO", authorize: () => king }),
  ];
  expect(wrong.length).toBe(7);
});
