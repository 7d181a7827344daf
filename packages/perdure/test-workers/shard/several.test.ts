import { env } from "cloudflare:workers";
import { expect, test, vi } from "vitest";
import type { ShardRoutesOptions } from "../../src/shard/index.ts";
import { shardRoutes } from "../../src/shard/index.ts";
import { problemIn } from "../object/socket.ts";
import { board, boards } from "../objects/board-do.ts";

type Options = Partial<ShardRoutesOptions<Cloudflare.Env>>;

const routes = (options: Options = {}, functions: typeof board = boards) =>
  shardRoutes(functions, { binding: "BOARD", authorize: () => true, ...options });

async function post(body: unknown, options?: Options, functions?: typeof board) {
  const request = new Request("https://app.example/shard/rpc", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  const response = await routes(options, functions)(request, env);
  return response.ok
    ? { status: response.status, ...(await response.json<{ answers: unknown[] }>()) }
    : problemIn(response);
}

const authorize: Options["authorize"] = ({ shard }) => shard !== "denied";

const addEach = (names: readonly string[], id?: string) => ({
  functionPath: "addTask",
  id,
  each: names.map((name) => ({ board: name, title: `of ${name}` })),
});

test("Z152 a call for each of several arguments goes to the shard of each, and is answered in order", async () => {
  const names = Array.from({ length: 20 }, (_, index) => `several ${index}`);
  expect(await post(addEach(names))).toEqual({
    status: 200,
    answers: names.map((shard) => ({
      shard,
      value: { id: 1, title: `of ${shard}` },
      position: 1,
    })),
  });
});

test("Z152 without shardBy a call names its shards", async () => {
  const request = {
    functionPath: "addTask",
    args: { board: "", title: "same" },
    shards: ["named 1", "named 2"],
  };
  expect(await post(request, {}, board)).toMatchObject({
    status: 200,
    answers: [
      { shard: "named 1", value: { title: "same" } },
      { shard: "named 2", value: { title: "same" } },
    ],
  });
  expect(await env.BOARD.getByName("named 2").allTasks()).toHaveLength(1);
});

test("Z153 a shard that is denied or fails says so, and stands in the way of no other", async () => {
  vi.spyOn(console, "error").mockReturnValue();
  const each = ["fine", "denied", "also fine"].map((name) => ({ board: name }));
  expect(await post({ functionPath: "tasks", each }, { authorize })).toEqual({
    status: 207,
    answers: [
      { shard: "fine", value: [], position: 0 },
      {
        shard: "denied",
        error: { code: "forbidden", detail: expect.stringContaining("not open") },
      },
      { shard: "also fine", value: [], position: 0 },
    ],
  });
  const failing = { functionPath: "fail", each: [{ board: "fails", known: false }] };
  const failed = await post(failing);
  expect(failed).toMatchObject({ status: 207, answers: [{ error: { code: "internal" } }] });
  expect(JSON.stringify(failed)).not.toContain("a secret");
  const missing = await post({ functionPath: "tasks", each }, { binding: "MISSING" });
  expect(missing).toMatchObject({ status: 207, answers: [{ error: { code: "broken" } }, {}, {}] });
});

test("Z154 a mutation with an id has its effect once in each shard", async () => {
  const first = await post(addEach(["once 1", "once 2"], "id-1"));
  expect(await post(addEach(["once 1", "once 2", "once 3"], "id-1"))).toMatchObject({
    answers: [...("answers" in first ? first.answers : []), { shard: "once 3", position: 1 }],
  });
  for (const name of ["once 1", "once 2", "once 3"])
    expect(await env.BOARD.getByName(name).allTasks()).toHaveLength(1);
});

test.for([
  { why: "no shard", body: { functionPath: "tasks", each: [] } },
  {
    why: "too many shards",
    body: addEach(Array.from({ length: 101 }, (_, index) => `many ${index}`)),
  },
  { why: "a shard twice", body: addEach(["twice", "twice"]) },
  { why: "arguments of another shard", body: { ...addEach([]), shards: ["a"], each: undefined } },
  { why: "a batch, too", body: { ...addEach(["a"]), batch: [] } },
  { why: "a shard, too", body: { ...addEach(["a"]), shard: "a" } },
  { why: "no arguments", body: { functionPath: "addTask", each: [{ board: "none" }, {}] } },
])("Z155 a call of several shards is refused before any is reached: $why", async ({ body }) => {
  expect(await post(body)).toEqual([400, "bad_request"]);
  expect(await env.BOARD.getByName("none").allTasks()).toEqual([]);
});
