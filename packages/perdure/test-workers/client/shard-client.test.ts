import { evictDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, onTestFinished, test, vi } from "vitest";
import type { OptimisticUpdates, ShardClientOptions } from "../../src/client/index.ts";
import { ShardClient } from "../../src/client/index.ts";
import { parseShardFrame, PerdureError } from "../../src/protocol/index.ts";
import { shardRoutes } from "../../src/shard/index.ts";
import { board, runs } from "../objects/board-do.ts";
import { Network } from "./cut-socket.ts";

type Board = typeof board;

const routes = shardRoutes<Cloudflare.Env>(board, {
  binding: "BOARD",
  authenticate: (request) => {
    const protocol = request.headers.get("sec-websocket-protocol") ?? "";
    const subject = /perdure\.token\.(\w+)/.exec(protocol)?.[1];
    if (subject === "nobody") throw new PerdureError("unauthorized", "Log in.");
    return subject === undefined ? null : { subject };
  },
  authorize: () => true,
});

const optimistic: OptimisticUpdates<Board> = {
  addTask: (views, { board: name, title }) =>
    views.update("tasks", { board: name }, (rows) => [...rows, { id: 0, title }]),
};

/** A client of a board, what it shows of its tasks, and the network between. */
function clientOf(name: string, options: ShardClientOptions<Board> = {}) {
  const network = new Network(routes);
  const client = new ShardClient<Board>({
    url: "https://example.com/shard",
    shard: name,
    WebSocket: network.WebSocket,
    // So that a new attempt is made at once.
    random: () => -1,
    ...options,
  });
  onTestFinished(() => client.close());
  const shown: string[] = [];
  client.subscribe("tasks", { board: name }, ({ value }) => {
    shown.push(value?.map(({ title }) => title).join(" ") ?? "-");
  });
  const watch = client.watch("tasks", { board: name });
  return { network, client, shown, watch };
}

async function liveClient(name: string, options: ShardClientOptions<Board> = {}) {
  const all = clientOf(name, options);
  await isLive(all.client);
  return all;
}

const isLive = (client: ShardClient<Board>) =>
  vi.waitFor(() => expect(client.getState().link).toBe("live"));

/** The title that a frame of a client would add. */
function titleIn(frame: unknown): unknown {
  const parsed = typeof frame === "string" ? parseShardFrame(frame) : undefined;
  const args = parsed?.t === "call" ? parsed.args : undefined;
  return typeof args === "object" && args !== null && "title" in args ? args.title : undefined;
}

test.each(
  (["before", "after"] as const).flatMap((where) =>
    [true, false].map((isTold) => ({ where, isTold })),
  ),
)(
  "Z209 mutations have their effect once and in order where the link breaks $where one of them (the object is told: $isTold)",
  async ({ where, isTold }) => {
    const name = `client cut ${where} ${isTold}`;
    const { network, client, watch } = await liveClient(name);
    network.isTold = isTold;
    let isCut = false;
    network.cut = (frame) => {
      if (isCut || titleIn(frame) !== "two") return undefined;
      isCut = true;
      return where;
    };
    const titles = ["one", "two", "three"];
    const answers = titles.map((title) => client.mutate("addTask", { board: name, title }));
    expect(await Promise.all(answers)).toMatchObject(titles.map((title) => ({ title })));
    expect(network.opened).toBe(2);
    await isLive(client);
    expect(watch.get().value).toEqual(await env.BOARD.getByName(name).allTasks());
    expect(watch.get().value?.map(({ title }) => title)).toEqual(titles);
  },
);

test("Z206 who was away while the object lost its memory gets what was missed, and nothing runs for it", async () => {
  const name = "client away";
  const stub = env.BOARD.getByName(name);
  await stub.importTasks(["x".repeat(300)]);
  const away = await liveClient(name);
  const here = await liveClient(name);
  const [first] = away.watch.get().value ?? [];
  const goUp = away.network.goDown();
  away.network.break();
  expect(away.watch.get().status).toBe("stale");
  await here.client.mutate("addTask", { board: name, title: "two" });
  await evictDurableObject(stub);
  const before = runs.get(name);
  goUp();
  await isLive(away.client);
  expect(runs.get(name)).toBe(before);
  expect(away.watch.get().value?.map(({ id }) => id)).toEqual([1, 2]);
  expect(away.watch.get().value?.[0]).toBe(first);
});

test("Z203 a link that stays open over evictions is told of everything, once", async () => {
  const name = "client evicted";
  const stub = env.BOARD.getByName(name);
  const { network, client, shown } = await liveClient(name);
  for (const title of ["one", "two", "three"]) {
    await client.mutate("addTask", { board: name, title });
    await evictDurableObject(stub);
  }
  expect(shown).toEqual(["-", "", "one", "one two", "one two three"]);
  expect(network.opened).toBe(1);
});

test.each(["before", "after"] as const)(
  "Z211 nothing flickers where the link breaks %s a mutation and the object loses its memory",
  async (where) => {
    const name = `client flicker ${where}`;
    const { network, client, shown } = await liveClient(name, { optimistic });
    const goUp = network.goDown();
    let isCut = false;
    network.cut = (frame) => {
      if (isCut || titleIn(frame) === undefined) return undefined;
      isCut = true;
      return where;
    };
    const answer = client.mutate("addTask", { board: name, title: "one" });
    const stub = env.BOARD.getByName(name);
    const count = where === "after" ? 1 : 0;
    await vi.waitFor(async () => expect(await stub.allTasks()).toHaveLength(count));
    await evictDurableObject(stub);
    goUp();
    await answer;
    await isLive(client);
    expect(new Set(shown)).toEqual(new Set(["-", "", "one"]));
    expect(shown.indexOf("one")).toBe(2);
    expect(shown.slice(2).every((titles) => titles === "one")).toBe(true);
  },
);

test("Z211 what an object refuses is taken back, with its reason", async () => {
  const name = "client refused";
  const { client, shown } = await liveClient(name);
  const refused = client.mutate(
    "fail",
    { board: name, known: true },
    {
      optimistic: (views) =>
        views.update("tasks", { board: name }, (rows) => [...rows, { id: 0, title: "no" }]),
    },
  );
  await expect(refused).rejects.toMatchObject({ code: "forbidden", message: "Not on this board." });
  await expect(client.mutate("fail", { board: name, known: false })).rejects.toMatchObject({
    code: "internal",
  });
  expect(shown).toEqual(["-", "", "no", ""]);
});

test("Z208 who comes back as somebody else begins from nothing", async () => {
  const name = "client other";
  let token = "ada";
  const { network, client } = await liveClient(name, { token: () => token });
  const seen: unknown[] = [];
  client.subscribe("mine", { board: name }, ({ status, value }) => seen.push([status, value]));
  await vi.waitFor(() => expect(seen).toHaveLength(2));
  token = "bob";
  network.break();
  await vi.waitFor(() => expect(seen.at(-1)).toEqual(["live", { subject: "bob" }]));
  expect(seen).toEqual([
    ["loading", undefined],
    ["live", { subject: "ada" }],
    ["stale", { subject: "ada" }],
    ["loading", undefined],
    ["live", { subject: "bob" }],
  ]);
});

test("Z215 who is not let in is told why, and does not come again", async () => {
  vi.stubGlobal("fetch", async (url: string, init?: RequestInit) => {
    const request = new Request(url, init);
    request.headers.set("sec-websocket-protocol", "perdure.token.nobody");
    return routes(request, env);
  });
  onTestFinished(() => void vi.unstubAllGlobals());
  const { network, client, watch } = clientOf("client nobody", { token: "nobody" });
  await vi.waitFor(() => expect(client.getState().link).toBe("closed"));
  expect(client.getState().problem).toMatchObject({ code: "unauthorized", detail: "Log in." });
  expect(watch.get()).toMatchObject({ status: "failed", error: { code: "unauthorized" } });
  expect(network.opened).toBe(0);
});

test("Z218 two clients, mutations, links that break and evictions: both views end as the table, each task is there once", async () => {
  const name = "client random";
  const stub = env.BOARD.getByName(name);
  const clients = [
    await liveClient(name, { optimistic }),
    await liveClient(name, { optimistic, token: "ada" }),
  ];
  const answers: Promise<unknown>[] = [];
  let random = 7;
  const next = (below: number) => {
    random = (Math.imul(random, 1_103_515_245) + 12_345) >>> 0;
    return Math.floor((random / 2 ** 32) * below);
  };
  for (const { network } of clients) {
    network.isTold = false;
    network.cut = () => (next(12) === 0 ? (["before", "after"] as const)[next(2)] : undefined);
  }
  for (let step = 0; step < 120; step += 1) {
    const one = clients[next(2)];
    const added = one?.client.mutate("addTask", { board: name, title: `${step}` });
    answers.push(Promise.resolve(added));
    const event = next(10);
    if (event === 0) {
      // Only what runs can be evicted.
      await stub.allTasks();
      await evictDurableObject(stub);
    }
    if (event === 1) one?.network.break();
    if (event < 5) await new Promise((resolve) => setTimeout(resolve, 1));
  }
  for (const { network } of clients) network.cut = () => undefined;
  await Promise.all(answers);
  const tasks = await stub.allTasks();
  expect(new Set(tasks.map(({ title }) => title)).size).toBe(120);
  expect(tasks).toHaveLength(120);
  for (const { client, watch } of clients) {
    await vi.waitFor(() => expect(watch.get()).toMatchObject({ status: "live", value: tasks }));
    expect(client.getState().pending).toEqual([]);
  }
});
