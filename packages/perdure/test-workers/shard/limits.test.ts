import { env } from "cloudflare:workers";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { CLIENT_FRAME_BURST, MAX_CLIENT_FRAME_BYTES } from "../../src/protocol/index.ts";
import type { ShardCaller } from "../../src/shard/index.ts";
import { shardRoutes } from "../../src/shard/index.ts";
import { boards } from "../objects/board-do.ts";
import { follow, openShard } from "./shard-socket.ts";

// Nothing refills meanwhile, however long it takes.
beforeEach(() => {
  vi.spyOn(Date, "now").mockReturnValue(Date.now());
});
afterEach(() => {
  vi.restoreAllMocks();
});

const fetch = shardRoutes<Cloudflare.Env>(boards, {
  binding: "BOARD",
  authenticate: (request): ShardCaller | null => {
    const subject = request.headers.get("x-subject");
    return subject === null ? null : { subject };
  },
  authorize: () => true,
});

const tasks = (board: string) => ({ functionPath: "tasks", args: { board } });

const post = (body: unknown, headers: Readonly<Record<string, string>>) =>
  fetch(
    new Request("https://app.example/shard/rpc", {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: JSON.stringify(body),
    }),
    env,
  );

test("Z156 too many calls of one sender over HTTP get 429 and when to try again; others are not concerned", async () => {
  const batch = Array.from({ length: 100 }, () => tasks("rate"));
  const statusOf = async (headers: Readonly<Record<string, string>>) =>
    (await post({ batch }, headers)).status;
  const ada = { "x-subject": "ada" };
  expect([await statusOf(ada), await statusOf(ada)]).toEqual([200, 200]);
  const refused = await post({ batch }, ada);
  expect(refused.status).toBe(429);
  expect(refused.headers.get("retry-after")).toBe("2");
  expect(await refused.json()).toMatchObject({ code: "rate_limited" });
  expect(await statusOf({ "x-subject": "bob" })).toBe(200);
  expect([
    await statusOf({ "cf-connecting-ip": "192.0.2.1" }),
    await statusOf({ "cf-connecting-ip": "192.0.2.1" }),
    await statusOf({ "cf-connecting-ip": "192.0.2.1" }),
    await statusOf({ "cf-connecting-ip": "192.0.2.2" }),
  ]).toEqual([200, 200, 429, 200]);
});

test("Z156 in a call of several shards each counts for itself", async () => {
  const ada = { "x-subject": "ada" };
  const full = { batch: Array.from({ length: 100 }, () => tasks("rate of one")) };
  for (let count = 0; count < 2; count += 1) await post(full, ada);
  const each = [{ board: "rate of one" }, { board: "rate of another" }];
  const answer = await post({ functionPath: "tasks", each }, ada);
  expect(answer.status).toBe(207);
  expect(await answer.json()).toMatchObject({
    answers: [{ error: { code: "rate_limited" } }, { value: [] }],
  });
});

test("Z156 calls by stub are not counted", async () => {
  const stub = env.BOARD.getByName("rate by stub");
  for (let count = 0; count < 3; count += 1) {
    const answer = await stub.batch(Array.from({ length: 100 }, () => tasks("rate by stub")));
    expect(answer.ok).toBe(true);
  }
});

test("Z157 a socket that sends more frames than the burst is closed with 4429", async () => {
  const socket = await openShard(env.BOARD.getByName("frames at once"));
  for (let count = 0; count < CLIENT_FRAME_BURST + 1; count += 1)
    socket.send({ t: "unsubscribe", id: count });
  expect((await socket.next("error")).error.code).toBe("rate_limited");
  expect(await socket.closed).toMatchObject({ code: 4429 });
});

test("Z157 a socket that sends a frame that is too large is closed with 4413", async () => {
  const socket = await openShard(env.BOARD.getByName("large frame"));
  const args = { board: "large frame", title: "x".repeat(MAX_CLIENT_FRAME_BYTES) };
  socket.send({ t: "call", id: "a", functionPath: "addTask", args });
  expect((await socket.next("error")).error.code).toBe("too_large");
  expect(await socket.closed).toMatchObject({ code: 4413 });
});

test("Z20 a result that is too large is refused, for a subscriber and a call, and the socket stays", async () => {
  const stub = env.BOARD.getByName("large result");
  const socket = await openShard(stub);
  await follow(socket, "large result", 1);
  await stub.importTasks(Array.from({ length: 5 }, () => "x".repeat(1024 * 1024)));
  expect(await socket.next("commit")).toMatchObject({
    changes: [[1, { error: { code: "too_large" } }]],
  });
  expect(await follow(socket, "large result", 2)).toMatchObject({
    t: "refused",
    error: { code: "too_large" },
  });
});
