import { env } from "cloudflare:workers";
import { expect, test, vi } from "vitest";
import { PerdureError } from "../../src/protocol/index.ts";
import type { ShardServerFrame } from "../../src/protocol/index.ts";
import type { ShardRoutesOptions } from "../../src/shard/index.ts";
import { ROOT_SHARD_NAME, shardRoutes } from "../../src/shard/index.ts";
import { TestSocket } from "../../src/testing/index.ts";
import { problemIn } from "../object/socket.ts";
import { board, boards } from "../objects/board-do.ts";
import { follow } from "./shard-socket.ts";

type Options = Partial<ShardRoutesOptions<Cloudflare.Env>>;

const routes = (options: Options = {}, functions: typeof board = boards) =>
  shardRoutes(functions, { binding: "BOARD", ...options });

const asAda: Options = {
  authenticate: () => ({ subject: "ada", team: "red", expiresAt: Date.now() + 60_000 }),
  authorize: ({ identity, shard }) => identity?.["team"] === "red" && shard.startsWith("red"),
};

const readingOnly: Options["authorize"] = (access) => access.function.startsWith("queries.");

const refuse = () => {
  throw new PerdureError("unauthorized", "Log in.");
};

const post = (body: unknown, headers: Readonly<Record<string, string>> = {}) =>
  new Request("https://app.example/shard/rpc", {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });

const upgrade = (shard: string, headers: Readonly<Record<string, string>> = {}) =>
  new Request(`https://app.example/shard/ws?shard=${encodeURIComponent(shard)}`, {
    headers: { upgrade: "websocket", ...headers },
  });

const add = (shard: string, title: string, id?: string) => ({
  functionPath: "addTask",
  args: { board: shard, title },
  id,
});

const tasks = (shard: string) => ({ functionPath: "queries.tasks", args: { board: shard } });

async function outcomeOf(response: Response): Promise<unknown> {
  return response.ok ? response.json() : problemIn(response);
}

test("Z120 a call finds its shard by its arguments", async () => {
  const fetch = routes(asAda);
  const answer = await fetch(post(add("red 1", "one", "id-1")), env);
  expect(answer.headers.get("cache-control")).toBe("no-store");
  expect(await answer.json()).toEqual({ value: { id: 1, title: "one" }, position: 1 });
  expect(await outcomeOf(await fetch(post(add("red 1", "one", "id-1")), env))).toMatchObject({
    position: 1,
  });
  expect(await env.BOARD.getByName("red 1").allTasks()).toHaveLength(1);
  expect(await outcomeOf(await fetch(post(tasks("red 2")), env))).toEqual({
    value: [],
    position: 0,
  });
  const mine = { functionPath: "mine", args: { board: "red 1" } };
  expect(await outcomeOf(await fetch(post(mine), env))).toMatchObject({
    value: { subject: "ada", team: "red" },
  });
});

test("Z120 a batch is one commit of one shard", async () => {
  const fetch = routes(asAda);
  const both = [add("red 3", "one"), add("red 3", "two")];
  expect(await outcomeOf(await fetch(post({ batch: both }), env))).toMatchObject({
    answers: [{ position: 1 }, { position: 1 }],
  });
  const apart = { batch: [add("red 3", "one"), add("red 4", "two")] };
  expect(await outcomeOf(await fetch(post(apart), env))).toEqual([400, "bad_request"]);
  expect(await env.BOARD.getByName("red 3").allTasks()).toHaveLength(2);
});

test("Z120 without shardBy calls go to the root, or to the shard that they name", async () => {
  const root = { functionPath: "mine", args: { board: "" } };
  const shards: string[] = [];
  const authorize: Options["authorize"] = ({ shard }) => shards.push(shard) > 0;
  const fetch = routes({ authorize }, board);
  expect(await outcomeOf(await fetch(post(root), env))).toMatchObject({ value: null });
  await fetch(post({ ...root, shard: "red 5" }), env);
  expect(shards).toEqual([ROOT_SHARD_NAME, "red 5"]);
});

test("Z121 a shard other than the root is denied unless authorize allows it", async () => {
  const access = vi.fn<NonNullable<Options["authorize"]>>(() => false);
  const denied = [403, "forbidden"];
  expect(await outcomeOf(await routes()(post(tasks("red 6")), env))).toEqual(denied);
  expect(await outcomeOf(await routes()(upgrade("red 6"), env))).toEqual(denied);
  expect(await outcomeOf(await routes(asAda)(post(tasks("blue")), env))).toEqual(denied);
  expect(await outcomeOf(await routes(asAda)(upgrade("blue"), env))).toEqual(denied);
  const fetch = routes({ authenticate: () => ({ subject: "ada" }), authorize: access });
  expect(await outcomeOf(await fetch(post(tasks("red 6")), env))).toEqual(denied);
  expect(access).toHaveBeenCalledExactlyOnceWith(
    { identity: { subject: "ada" }, shard: "red 6", function: "queries.tasks" },
    env,
  );
  expect(await outcomeOf(await routes({}, board)(post(tasks("")), env))).toMatchObject({
    value: [],
  });
  const sneaky = { ...tasks("blue"), shard: "red 6" };
  expect(await outcomeOf(await routes(asAda)(post(sneaky), env))).toEqual([400, "bad_request"]);
});

test("Z122 a socket uses what authorize allowed of its own shard", async () => {
  const { webSocket } = await routes({ authorize: readingOnly, binding: "FULL_BOARD" })(
    upgrade("red 7"),
    env,
  );
  if (webSocket === null) throw new Error("refused");
  const socket = new TestSocket<ShardServerFrame>(webSocket);
  expect(await follow(socket, "red 7")).toMatchObject({ t: "seed", value: [] });
  expect(await follow(socket, "red 8", 2)).toMatchObject({ error: { code: "bad_request" } });
  socket.send({ t: "call", ...add("red 7", "one", "a") });
  expect(await socket.next("refused")).toMatchObject({ error: { code: "forbidden" } });
  await routes({ ...asAda, binding: "FULL_BOARD" })(post(add("red 7", "one")), env);
  expect(await socket.next("commit")).toMatchObject({ position: 1 });
});

test.for([
  { why: "no JSON", request: () => post("{"), answer: [400, "bad_request"] },
  { why: "no function", request: () => post({}), answer: [400, "bad_request"] },
  { why: "a bad id", request: () => post(add("red", "x", "a b")), answer: [400, "bad_request"] },
  { why: "an empty batch", request: () => post({ batch: [] }), answer: [400, "bad_request"] },
  {
    why: "bad arguments",
    request: () => post({ functionPath: "tasks" }),
    answer: [400, "bad_request"],
  },
  {
    why: "an undeclared method",
    request: () => post({ functionPath: "allTasks" }),
    answer: [404, "not_found"],
  },
  {
    why: "too large",
    request: () => post(add("red", "x".repeat(300_000))),
    answer: [413, "too_large"],
  },
  {
    why: "a handler that fails",
    request: () => post({ functionPath: "fail", args: { board: "red 9", known: false } }),
    answer: [500, "internal"],
  },
  {
    why: "another path",
    request: () => new Request("https://app.example/shard"),
    answer: [404, "not_found"],
  },
  {
    why: "another method",
    request: () => new Request("https://app.example/shard/rpc"),
    answer: [405, "method_not_allowed"],
  },
  {
    why: "no upgrade",
    request: () => new Request("https://app.example/shard/ws?shard=red"),
    answer: [426, "upgrade_required"],
  },
  {
    why: "another site's page",
    request: () => upgrade("red", { origin: "https://evil.example" }),
    answer: [403, "bad_origin"],
  },
  {
    why: "another site's page, with a cookie",
    request: () => post(tasks("red"), { origin: "https://evil.example", cookie: "a=b" }),
    answer: [403, "bad_origin"],
  },
])("Z123 a refusal has a stable code: $why", async ({ request, answer }) => {
  vi.spyOn(console, "error").mockReturnValue();
  const response = await routes(asAda)(request(), env);
  expect(response.headers.get("content-type")).toBe("application/problem+json");
  expect(await problemIn(response)).toEqual(answer);
});

test("Z123 an id that was used for something else is a conflict", async () => {
  const fetch = routes(asAda);
  await fetch(post(add("red 10", "one", "id-1")), env);
  expect(await outcomeOf(await fetch(post(add("red 10", "two", "id-1")), env))).toEqual([
    409,
    "id_reused",
  ]);
});

test("Z123 an authenticate that refuses is asked before any object is reached, and a missing binding says what to do", async () => {
  const refused = await routes({ authenticate: refuse, binding: "MISSING" })(post(tasks("x")), env);
  expect(refused.headers.get("www-authenticate")).toBe("Bearer");
  expect(await problemIn(refused)).toEqual([401, "unauthorized"]);
  const missing = await routes({ ...asAda, binding: "MISSING" })(post(tasks("red")), env);
  expect(missing.status).toBe(500);
  expect(await missing.text()).toContain("durable_objects.bindings");
});
