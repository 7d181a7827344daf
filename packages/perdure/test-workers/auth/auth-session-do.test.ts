import {
  abortAllDurableObjects,
  evictDurableObject,
  runDurableObjectAlarm,
  runInDurableObject,
} from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test, vi } from "vitest";
import { digestOf, upgradeRequest } from "../../src/object/index.ts";
import { problemIn, READER } from "../object/socket.ts";
import { answerOf, call, tokenOf } from "./calls.ts";

/** Every route, with what it needs. */
const ROUTES = [
  ["POST", "/create", { body: { token: tokenOf("new"), userId: "ada" } }],
  ["GET", "/get", { token: tokenOf("one") }],
  ["DELETE", "/revoke", { token: tokenOf("one") }],
  ["POST", "/touch", { token: tokenOf("one") }],
  ["POST", "/rotate", { token: tokenOf("one") }],
  ["GET", "/list?userId=ada", {}],
  ["DELETE", "/revoke-all?userId=ada", {}],
  ["GET", "/unknown", {}],
  ["PATCH", "/get", {}],
  ["POST", "/create", { body: "no object" }],
] as const;

test.each(ROUTES)(
  "Q1 %s %s takes no wrong secret and no missing one",
  async (method, path, given) => {
    const name = `secret ${method} ${path}`;
    const stub = env.AUTH_SESSION.getByName(name);
    for (const secret of [null, "", "wrong", `${env.SESSION_DO_SECRET} `.slice(0, -2)])
      expect(await problemIn(await call(stub, method, path, { ...given, secret }))).toEqual([
        401,
        "unauthorized",
      ]);
    // Nothing was looked at, so nothing was written.
    const tables = await runInDurableObject(stub, (_object, { storage }) =>
      storage.sql
        .exec("SELECT name FROM sqlite_master WHERE name NOT LIKE '\\_cf%' ESCAPE '\\'")
        .toArray(),
    );
    expect(tables).toEqual([]);
  },
);

test.each(ROUTES)(
  "Q1 %s %s is refused where the object has no secret",
  async (method, path, given) => {
    const stub = env.UNCONFIGURED_SESSION.getByName("unset");
    for (const secret of ["", "undefined", env.SESSION_DO_SECRET, env.SESSION_DO_SECRET_PREVIOUS])
      expect(await problemIn(await call(stub, method, path, { ...given, secret }))).toEqual([
        401,
        "unauthorized",
      ]);
  },
);

test("Q1 an object without a secret takes no call by RPC either", async () => {
  const token = tokenOf("one");
  await runInDurableObject(env.UNCONFIGURED_SESSION.getByName("unset rpc"), async (object) => {
    for (const attempt of [
      () => object.create({ token, userId: "ada" }),
      () => object.get(token),
      () => object.open(token),
      () => object.touch(token),
      () => object.rotate(token, tokenOf("two")),
      () => object.revoke(token),
      () => object.revokeById("ada", "id"),
      () => object.list("ada"),
      () => object.revokeAll("ada", true),
      () => object.watch(token, { binding: "KERNEL", name: "k" }),
      () => object.leave(token),
      () => object.forget({ digest: digestOf(token), id: "id" }),
      () => object.bury(token, Date.now()),
    ])
      await expect(attempt()).rejects.toMatchObject({ code: "unauthorized" });
  });
});

test("Q1 an upgrade is refused, with the Worker's identity too", async () => {
  const stub = env.AUTH_SESSION.getByName("upgrade");
  expect(await problemIn(await stub.fetch(upgradeRequest(READER)))).toEqual([401, "unauthorized"]);
  const headers = new Headers(upgradeRequest(READER).headers);
  headers.set("x-session-do-secret", env.SESSION_DO_SECRET);
  const response = await stub.fetch(new Request(upgradeRequest(READER), { headers }));
  expect(await problemIn(response)).toEqual([404, "not_found"]);
});

test("Q2 the secret of before is good as well, in either header", async () => {
  const stub = env.AUTH_SESSION.getByName("two secrets");
  for (const secret of [env.SESSION_DO_SECRET, env.SESSION_DO_SECRET_PREVIOUS])
    for (const header of ["x-session-do-secret", "x-lunora-session-do-secret"])
      expect(
        await answerOf(
          call(stub, "GET", "/list?userId=ada", { secret: null, headers: { [header]: secret } }),
        ),
      ).toEqual([200, { sessions: [] }]);
});

test("Q3 a session is created, found, slid, rotated, listed and revoked over HTTP", async () => {
  const stub = env.AUTH_SESSION.getByName("http");
  const token = tokenOf("one");
  const created = await call(stub, "POST", "/create", { body: { token, userId: "ada" } });
  expect(created.status).toBe(201);
  expect(created.headers.get("cache-control")).toBe("no-store");
  const session: { token: string; userId: string; createdAt: number; expiresAt: number } =
    await created.json();
  expect(session).toEqual({
    token,
    userId: "ada",
    createdAt: expect.any(Number),
    expiresAt: session.createdAt + 604_800_000,
  });
  const { token: _, ...record } = session;
  await evictDurableObject(stub);
  expect(await answerOf(call(stub, "GET", "/get", { token }))).toEqual([200, record]);
  const headers = { "x-lunora-session-token": token };
  expect(await answerOf(call(stub, "GET", "/get", { headers }))).toEqual([200, record]);

  const [, touched] = await answerOf(
    call(stub, "POST", "/touch", { token, body: { ttlSeconds: 60 } }),
  );
  expect(touched).toMatchObject({ userId: "ada", createdAt: session.createdAt });
  expect((touched as typeof session).expiresAt).toBeLessThanOrEqual(Date.now() + 60_000);

  const body = { token: tokenOf("two") };
  expect(await answerOf(call(stub, "POST", "/rotate", { token, body }))).toEqual([
    200,
    { ...(touched as object), ...body },
  ]);
  expect(await problemIn(await call(stub, "GET", "/get", { token }))).toEqual([
    404,
    "session_not_found",
  ]);
  const [, made] = await answerOf(call(stub, "POST", "/rotate", body));
  const next = (made as typeof session).token;
  expect(next).toMatch(/^[\w-]{43}$/);

  expect(await answerOf(call(stub, "GET", "/list?userId=ada"))).toEqual([
    200,
    { sessions: [{ ...(touched as object), id: expect.any(String) }] },
  ]);
  await evictDurableObject(stub);
  for (const revoked of [true, false])
    expect(await answerOf(call(stub, "DELETE", "/revoke", { token: next }))).toEqual([
      200,
      { revoked },
    ]);
  for (const name of ["x", "y"]) await stub.create({ token: tokenOf(name), userId: "ada" });
  for (const revoked of [2, 0])
    expect(await answerOf(call(stub, "DELETE", "/revoke-all?userId=ada"))).toEqual([
      200,
      { revoked },
    ]);
});

test("Q4 of two that create the session of one token at once one is refused", async () => {
  const stub = env.AUTH_SESSION.getByName("at once");
  const responses = await Promise.all(
    ["ada", "eve"].map((userId) =>
      call(stub, "POST", "/create", { body: { token: tokenOf("one"), userId } }),
    ),
  );
  const [won, lost] = responses.toSorted((a, b) => a.status - b.status);
  if (won === undefined || lost === undefined) throw new Error("there is no second answer");
  expect(won.status).toBe(201);
  expect(lost.headers.get("content-type")).toBe("application/problem+json");
  expect(await problemIn(lost)).toEqual([409, "session_exists"]);
  const { userId } = (await won.json()) as { userId: string };
  await evictDurableObject(stub);
  expect(await stub.get(tokenOf("one"))).toMatchObject({ userId });
});

test("Q5 an expired session and one that never was get the same answer", async () => {
  const stub = env.AUTH_SESSION.getByName("no oracle");
  await stub.create({ token: tokenOf("one"), userId: "ada", ttlSeconds: 1 });
  await runInDurableObject(stub, (_object, { storage }) => {
    storage.sql.exec("UPDATE auth_sessions SET expires_at = 1");
  });
  for (const [method, path] of [
    ["GET", "/get"],
    ["POST", "/touch"],
    ["POST", "/rotate"],
  ] as const) {
    const answers = await Promise.all(
      ["one", "never"].map(async (name) => {
        const response = await call(stub, method, path, { token: tokenOf(name) });
        return [response.status, Object.fromEntries(response.headers), await response.text()];
      }),
    );
    expect(answers[0]?.[0]).toBe(404);
    expect(answers[0]).toEqual(answers[1]);
  }
});

test("Q6 a token is in no refusal, in no log and nowhere in storage", async () => {
  const stub = env.AUTH_SESSION.getByName("hidden");
  const logs = (["log", "warn", "error"] as const).map((name) => vi.spyOn(console, name));
  const token = tokenOf("hidden");
  const body = { token, userId: "ada" };
  const texts = [
    await (await call(stub, "POST", "/create", { body })).text(),
    await (await call(stub, "POST", "/create", { body })).text(),
    await (await call(stub, "GET", "/get", { token: `${token} with a space` })).text(),
    await (await call(stub, "GET", "/list?userId=ada")).text(),
  ];
  expect(texts.slice(1).join()).not.toContain(token);
  expect(JSON.stringify(logs.map(({ mock }) => mock.calls))).not.toContain(token);
  vi.restoreAllMocks();
  const rows = await runInDurableObject(stub, (_object, { storage }) =>
    storage.sql.exec("SELECT * FROM auth_sessions").toArray(),
  );
  expect(rows).toMatchObject([{ token: digestOf(token), user_id: "ada" }]);
});

test.each([
  ["POST", "/create", { body: { userId: "ada" } }],
  ["POST", "/create", { body: { token: "x".repeat(15), userId: "ada" } }],
  ["POST", "/create", { body: { token: "x".repeat(513), userId: "ada" } }],
  ["POST", "/create", { body: { token: `${"x".repeat(16)} y`, userId: "ada" } }],
  ["POST", "/create", { body: { token: 5, userId: "ada" } }],
  ["POST", "/create", { body: { token: tokenOf("one") } }],
  ["POST", "/create", { body: { token: tokenOf("one"), userId: "" } }],
  ["POST", "/create", { body: { token: tokenOf("one"), userId: "x".repeat(257) } }],
  ["POST", "/create", { body: { token: tokenOf("one"), userId: "ada", ttlSeconds: 0 } }],
  ["POST", "/create", { body: { token: tokenOf("one"), userId: "ada", ttlSeconds: 1.5 } }],
  ["POST", "/create", { body: { token: tokenOf("one"), userId: "ada", ttlSeconds: "60" } }],
  ["POST", "/create", { body: { token: tokenOf("one"), userId: "ada", ttlSeconds: 2_592_001 } }],
  ["POST", "/create", { body: { token: tokenOf("one"), userId: "ada", fields: { a: 1 } } }],
  ["POST", "/create", { body: ["no object"] }],
  ["GET", "/get", {}],
  ["GET", "/get", { token: "short" }],
  ["DELETE", "/revoke", {}],
  ["DELETE", "/revoke", { token: "short" }],
  ["POST", "/touch", { token: "short" }],
  ["POST", "/touch", { token: tokenOf("one"), body: { ttlSeconds: -1 } }],
  ["POST", "/rotate", { token: "short" }],
  ["POST", "/rotate", { token: tokenOf("one"), body: { token: "short" } }],
  ["GET", "/list", {}],
  ["GET", `/list?userId=${"x".repeat(257)}`, {}],
  ["DELETE", "/revoke-all", {}],
] as const)("Q7 %s %s with %j is a bad request", async (method, path, given) => {
  const stub = env.AUTH_SESSION.getByName("bad requests");
  expect(await problemIn(await call(stub, method, path, given))).toEqual([400, "bad_request"]);
});

test("Q7 the longest of everything is taken", async () => {
  const stub = env.AUTH_SESSION.getByName("longest");
  const body = { token: "~".repeat(512), userId: "€".repeat(256), ttlSeconds: 2_592_000 };
  expect((await call(stub, "POST", "/create", { body })).status).toBe(201);
  expect(await stub.get(body.token)).toMatchObject({ userId: body.userId });
});

test("Q7 a known path with another method, and an unknown path, are told apart", async () => {
  const stub = env.AUTH_SESSION.getByName("paths");
  expect(await problemIn(await call(stub, "POST", "/get"))).toEqual([405, "method_not_allowed"]);
  expect(await problemIn(await call(stub, "GET", "/"))).toEqual([404, "not_found"]);
  const own = env.DEVICE_SESSION.getByName("paths");
  expect(await (await call(own, "GET", "/hello")).text()).toBe("hello");
  expect(await problemIn(await call(own, "GET", "/hello", { secret: "wrong" }))).toEqual([
    401,
    "unauthorized",
  ]);
});

test("Q12 an expired session is swept by the alarm of an object that was not in memory, and no alarm is left", async () => {
  const stub = env.AUTH_SESSION.getByName("swept");
  const alarm = () => runInDurableObject(stub, (_object, { storage }) => storage.getAlarm());
  const { expiresAt } = await stub.create({ token: tokenOf("one"), userId: "ada", ttlSeconds: 1 });
  expect(await alarm()).toBe(expiresAt + 60_000);
  await runInDurableObject(stub, (_object, { storage }) => {
    storage.sql.exec("UPDATE auth_sessions SET expires_at = 1");
    storage.sql.exec("UPDATE timers SET due_at = 1");
  });
  await evictDurableObject(stub);
  expect(await runDurableObjectAlarm(stub)).toBe(true);
  const rows = await runInDurableObject(stub, (_object, { storage }) => [
    ...storage.sql.exec("SELECT token FROM auth_sessions").toArray(),
    ...storage.sql.exec("SELECT name FROM timers").toArray(),
  ]);
  expect(rows).toEqual([]);
  expect(await alarm()).toBeNull();
});

test("Q13 an object that is only asked writes nothing", async () => {
  const stub = env.AUTH_SESSION.getByName("only asked");
  const token = tokenOf("one");
  expect(await stub.get(token)).toBeNull();
  expect(await stub.open(token)).toBeNull();
  expect(await stub.touch(token)).toBeNull();
  expect(await stub.rotate(token, tokenOf("two"))).toBeNull();
  expect(await stub.revoke(token)).toBeNull();
  expect(await stub.revokeById("ada", "id")).toBe(false);
  expect(await stub.list("ada")).toEqual([]);
  expect(await stub.revokeAll("ada")).toBe(0);
  expect(await stub.watch(token, { binding: "KERNEL", name: "k" })).toBe(false);
  expect(await stub.leave(token)).toBeNull();
  await stub.forget({ digest: digestOf(token), id: "id" });
  const tables = await runInDurableObject(stub, (_object, { storage }) =>
    storage.sql
      .exec("SELECT name FROM sqlite_master WHERE name NOT LIKE '\\_cf%' ESCAPE '\\'")
      .toArray(),
  );
  expect(tables).toEqual([]);
});

test("Q14 a subclass keeps typed fields and a table of its own, over evictions and rotations", async () => {
  const stub = env.DEVICE_SESSION.getByName("fields");
  const token = tokenOf("one");
  const created = await stub.create({
    token,
    userId: "ada",
    fields: { device: "phone", trusted: true },
  });
  expect(created).toMatchObject({ userId: "ada", device: "phone", trusted: true });
  expect(await stub.countLogin("ada")).toBe(1);
  await abortAllDurableObjects();
  const again = env.DEVICE_SESSION.getByName("fields");
  expect(await again.get(token)).toEqual(created);
  expect(await again.rotate(token, tokenOf("two"))).toEqual(created);
  expect(await again.list("ada")).toEqual([{ ...created, id: expect.any(String) }]);
  expect(await answerOf(call(again, "GET", "/get", { token: tokenOf("two") }))).toEqual([
    200,
    { ...created },
  ]);
});

test("Q14 fields that do not fit are refused with issues, and defaults are filled in, in old sessions too", async () => {
  const stub = env.DEVICE_SESSION.getByName("schema");
  const body = { token: tokenOf("one"), userId: "ada", fields: { device: "" } };
  const refused = await call(stub, "POST", "/create", { body });
  expect(refused.status).toBe(400);
  expect(await refused.json()).toMatchObject({
    code: "bad_request",
    issues: [{ path: ["device"] }],
  });
  const large = { ...body, fields: { device: "x".repeat(4_096) } };
  expect(await problemIn(await call(stub, "POST", "/create", { body: large }))).toEqual([
    413,
    "too_large",
  ]);
  const filled = { ...body, fields: { device: "phone" } };
  expect(await answerOf(call(stub, "POST", "/create", { body: filled }))).toEqual([
    201,
    expect.objectContaining({ device: "phone", trusted: false }),
  ]);
  await runInDurableObject(stub, (_object, { storage }) => {
    storage.sql.exec(`UPDATE auth_sessions SET fields = '{"device":"older"}'`);
  });
  expect(await stub.get(tokenOf("one"))).toMatchObject({ device: "older", trusted: false });
  await runInDurableObject(stub, (_object, { storage }) => {
    storage.sql.exec(`UPDATE auth_sessions SET fields = '{}'`);
  });
  expect(await problemIn(await call(stub, "GET", "/get", { token: tokenOf("one") }))).toEqual([
    500,
    "broken",
  ]);
});

test("Q14 a field does not stand in for what the session itself says", async () => {
  const stub = env.AUTH_SESSION.getByName("own names");
  await stub.create({ token: tokenOf("one"), userId: "ada" });
  await runInDurableObject(stub, (_object, { storage }) => {
    storage.sql.exec(`UPDATE auth_sessions SET fields = '{"userId":"eve"}'`);
  });
  expect(await stub.get(tokenOf("one"))).toMatchObject({ userId: "ada" });
});

test("Q11 a class says how many sessions a user may have in an object", async () => {
  const stub = env.DEVICE_SESSION.getByName("bounded");
  for (const name of ["a", "b", "c", "d"])
    await stub.create({
      token: tokenOf(name),
      userId: "ada",
      fields: { device: name, trusted: false },
    });
  expect(await stub.list("ada")).toHaveLength(3);
});
