/** The guide's snippets on shards, each a Worker of its own. */

import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { createTestHarness } from "wrangler";
import { signToken } from "../../src/auth/index.ts";
import type { ShardServerFrame } from "../../src/protocol/index.ts";
import { allSnippets, ROOT } from "../docs/snippets.ts";

const SECRET = "a secret that is only good for this test";

const SNIPPETS = allSnippets().filter(
  ({ document, file }) => document === "docs/guides/shards.md" && file.endsWith(".ts"),
);

/** A folder that the other checks leave out. */
const FOLDER = join(import.meta.dirname, "dist/guide");

const source = (room: string) => join(ROOT, "packages/perdure/src", room, "index.ts");

const worker = (name: string, binding: string, className: string) => ({
  config: {
    name,
    main: join(FOLDER, `shard-${name}.ts`),
    compatibility_date: "2026-10-23",
    durable_objects: { bindings: [{ name: binding, class_name: className }] },
    migrations: [{ tag: "v1", new_sqlite_classes: [className] }],
    alias: {
      "perdure/auth": source("auth"),
      "perdure/protocol": source("protocol"),
      "perdure/shard": source("shard"),
    },
    vars: { SECRET },
  },
});

// Nothing is fetched from the network.
vi.stubEnv("CLOUDFLARE_CF_FETCH_ENABLED", "false");
const server = createTestHarness({
  workers: [worker("board", "BOARD", "Board"), worker("todos", "TODOS", "Todos")],
});

let url: URL;

beforeAll(async () => {
  mkdirSync(FOLDER, { recursive: true });
  for (const { file, code } of SNIPPETS) writeFileSync(join(FOLDER, file), code);
  ({ url } = await server.listen());
}, 60_000);

afterAll(async () => {
  await server.close();
  rmSync(FOLDER, { recursive: true, force: true });
});

const tokenOf = (subject: string) =>
  signToken(SECRET, { subject, session: "*", role: "participant", expiresInSeconds: 60 });

test("the shard in ten lines answers as the guide says", async () => {
  const { fetch } = server.getWorker("todos");
  const call = async (body: unknown) => {
    const headers = { "content-type": "application/json" };
    const request = { method: "POST", headers, body: JSON.stringify(body) };
    return (await fetch("http://localhost/shard/rpc", request)).json();
  };
  expect(await call({ functionPath: "add", args: "Milk" })).toEqual({
    value: { id: 1 },
    position: 1,
  });
  expect(await call({ functionPath: "all" })).toEqual({
    value: [{ id: 1, title: "Milk" }],
    position: 1,
  });
  expect(await call({ functionPath: "add", args: 7 })).toMatchObject({ code: "bad_request" });
});

test("a board is open to its members, live, and exactly once, as the guide says", async () => {
  const { fetch } = server.getWorker("board");
  const post = async (path: string, subject: string, body?: unknown) => {
    const authorization = `Bearer ${await tokenOf(subject)}`;
    const headers = { authorization, "content-type": "application/json" };
    return fetch(`http://localhost${path}`, {
      method: "POST",
      headers,
      body: JSON.stringify(body),
    });
  };
  const call = async (subject: string, functionPath: string, args: object, id?: string) =>
    (await post("/shard/rpc", subject, { functionPath, id, args })).json();
  const args = { board: "ada/home" };
  expect(await call("ada", "tasks", args)).toMatchObject({ code: "forbidden" });
  expect((await post("/boards?name=home", "ada")).status).toBe(201);
  expect(await call("bob", "tasks", args)).toMatchObject({ code: "forbidden" });
  // What a method writes is a commit, too.
  expect(await call("ada", "tasks", args)).toEqual({ value: [], position: 1 });

  const ada = await Follower.connect("ada", "ada/home");
  ada.send({ t: "subscribe", id: 1, functionPath: "tasks", args });
  expect(await ada.next()).toMatchObject({ t: "subscribed", id: 1 });
  expect(await ada.next()).toEqual({ t: "seed", id: 1, position: 1, value: [] });
  const milk = { id: crypto.randomUUID(), title: "Milk" };
  const id = crypto.randomUUID();
  for (let times = 0; times < 2; times += 1)
    expect(await call("ada", "mutations.addTask", { ...args, ...milk }, id)).toEqual({
      value: null,
      position: 2,
    });
  const row = { ...milk, author: "ada", done: 0 };
  const snapshot = [row];
  expect(await ada.next()).toEqual({ t: "commit", position: 2, changes: [[1, { snapshot }]] });
  const bread = { id: crypto.randomUUID(), title: "Bread" };
  await call("ada", "addTask", { ...args, ...bread });
  const insert = [{ at: 0, row: { ...bread, author: "ada", done: 0 } }];
  expect(await ada.next()).toEqual({
    t: "commit",
    position: 3,
    changes: [[1, { delta: { insert } }]],
  });
  expect(await call("ada", "mine", args)).toMatchObject({ value: [{ title: "Bread" }, row] });
  await server
    .getWorker("board")
    .evictDurableObject("BOARD", { name: "ada/home", webSockets: "hibernate" });
  ada.send({ t: "call", id: "finish-1", functionPath: "finish", args: { ...args, id: milk.id } });
  expect(await ada.next()).toMatchObject({
    t: "commit",
    changes: [[1, { delta: { update: [{ ...row, done: 1 }] } }]],
  });
  expect(await ada.next()).toMatchObject({ t: "result", id: "finish-1" });
  const nothing = { ...args, id: crypto.randomUUID() };
  expect(await call("ada", "finish", nothing)).toMatchObject({ code: "not_found" });
  ada.close();
});

test("a page follows and changes a board, as the guide says", async () => {
  const authorization = `Bearer ${await tokenOf("ada")}`;
  const made = await server
    .getWorker("board")
    .fetch("http://localhost/boards?name=home", { method: "POST", headers: { authorization } });
  expect(made.status).toBe(201);
  const before = await titlesOf("ada", "ada/home");
  const said: unknown[][] = [];
  vi.spyOn(console, "log").mockImplementation((...words: unknown[]) => void said.push(words));
  // The page's own server, and what only a page has.
  vi.stubGlobal("fetch", async () => new Response(await tokenOf("ada")));
  vi.stubGlobal("localStorage", pageStorage());
  vi.stubGlobal("WebSocket", SocketToGuide);
  await import(join(FOLDER, "shard-page-client.ts"));
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
  expect(said[0]).toEqual(["loading", [], undefined]);
  const live = said.flatMap(([status, titles]) => (status === "live" ? [titles] : []));
  // What was added was told before the mutation was answered.
  expect(live.at(-1)).toEqual(["Milk", ...before].toSorted());
  expect(said.at(-1)).toEqual([expect.any(Number)]);
});

test("code over sockets is tested without a platform, as the guide says", async () => {
  const guide = (await import(join(FOLDER, "shard-online.ts"))) as {
    readonly fakeSocket: (subject: string) => object;
    readonly online: (sockets: readonly object[]) => readonly string[];
  };
  const sockets = ["bob", "ada", "bob"].map((subject) => guide.fakeSocket(subject));
  expect(guide.online(sockets)).toEqual(["ada", "bob"]);
});

/** What is on a board. */
async function titlesOf(subject: string, name: string): Promise<readonly string[]> {
  const follower = await Follower.connect(subject, name);
  follower.send({ t: "subscribe", id: 1, functionPath: "tasks", args: { board: name } });
  await follower.next();
  const { value } = (await follower.next()) as { readonly value: readonly { title: string }[] };
  follower.close();
  return value.map(({ title }) => title);
}

/** Where the guide's server would be. */
class SocketToGuide extends WebSocket {
  constructor(address: string, protocols: string[]) {
    super(address.replace("wss://board.example", `ws://${url.host}`), protocols);
  }
}

/** Keeps what it is given, as far as a client asks. */
function pageStorage(): object {
  const methods = {
    setItem(this: Record<string, string>, key: string, value: string) {
      this[key] = value;
    },
    removeItem(this: Record<string, string>, key: string) {
      delete this[key];
    },
  };
  return Object.create(methods) as object;
}

/** A socket of a shard that speaks the wire by hand. */
class Follower {
  readonly #socket: WebSocket;
  readonly #frames: ShardServerFrame[] = [];

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.addEventListener("message", ({ data }) => {
      this.#frames.push(JSON.parse(String(data)) as ShardServerFrame);
    });
  }

  static async connect(subject: string, shard: string): Promise<Follower> {
    const address = new URL(`/shard/ws?shard=${encodeURIComponent(shard)}`, url);
    address.protocol = "ws:";
    const protocols = ["perdure", `perdure.token.${await tokenOf(subject)}`];
    const socket = new WebSocket(String(address), protocols);
    await new Promise((resolve, reject) => {
      socket.addEventListener("open", resolve);
      socket.addEventListener("error", reject);
    });
    return new Follower(socket);
  }

  send(frame: object): void {
    this.#socket.send(JSON.stringify(frame));
  }

  /** The next frame that has arrived or will. */
  next(): Promise<ShardServerFrame> {
    return vi.waitFor(
      () => {
        const frame = this.#frames.shift();
        if (frame === undefined) throw new Error("There is no frame.");
        return frame;
      },
      { timeout: 5_000 },
    );
  }

  close(): void {
    this.#socket.close(1000);
  }
}
