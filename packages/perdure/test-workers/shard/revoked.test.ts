import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { createAuth } from "../../src/auth/index.ts";
import type { ShardServerFrame } from "../../src/protocol/index.ts";
import { shardRoutes } from "../../src/shard/index.ts";
import { TestSocket } from "../../src/testing/index.ts";
import { boards, runs } from "../objects/board-do.ts";
import { follow, openShard } from "./shard-socket.ts";

const token = (id: string) => ({ id, issuedAt: 1 });

const texts = ({ texts: all }: TestSocket<ShardServerFrame>) => all.length;

test("Z117 a socket that hibernates is closed when its identity expires, by alarm, and its query does not run for it any more", async () => {
  const stub = env.BOARD.getByName("expires asleep");
  const expiresAt = Date.now() + 500;
  const socket = await openShard(stub, undefined, { expiresAt });
  const other = await openShard(stub);
  await follow(socket, "expires asleep");
  const heard = texts(socket);
  await evictDurableObject(stub);
  expect(await socket.closed).toMatchObject({ code: 4401 });
  expect(Date.now()).toBeGreaterThanOrEqual(expiresAt);
  await stub.importTasks(["one"]);
  expect(runs.get("expires asleep")).toBe(1);
  expect(texts(socket)).toBe(heard);
  await follow(other, "expires asleep");
});

test("Z117 sockets of a subject, or of a token, are closed at the word of an auth session, over an eviction, and no others", async () => {
  const stub = env.BOARD.getByName("revoked");
  const open = (subject: string, id: string) =>
    openShard(stub, { identity: { subject } }, { subject, token: token(id) });
  const [phone, laptop, bob] = [
    await open("ada", "phone"),
    await open("ada", "laptop"),
    await open("bob", "bob"),
  ];
  for (const socket of [phone, laptop, bob]) await follow(socket, "revoked");
  await evictDurableObject(stub);
  expect(await runInDurableObject(stub, (object) => object.disconnect({ tokens: ["phone"] }))).toBe(
    1,
  );
  expect(await phone.closed).toMatchObject({ code: 4401 });
  await stub.importTasks(["one"]);
  for (const socket of [laptop, bob]) expect(await socket.next("commit")).toMatchObject({});
  expect(texts(phone)).toBe(2);
  await evictDurableObject(stub);
  expect(await stub.disconnect({ subject: "ada" })).toBe(1);
  expect(await laptop.closed).toMatchObject({ code: 4401 });
  await stub.importTasks(["two"]);
  expect(await bob.next("commit")).toMatchObject({ position: 2 });
  expect(texts(laptop)).toBe(3);
});

test("Z117 a socket that `shardRoutes` opened for a session of `createAuth` is closed with the session", async () => {
  const auth = createAuth({
    binding: ({ AUTH_SESSION }: Cloudflare.Env) => AUTH_SESSION,
    objects: 4,
  });
  const fetch = shardRoutes<Cloudflare.Env>(boards, {
    binding: "BOARD",
    authenticate: (...given) => auth.authenticate(...given),
    authorize: ({ identity }) => identity?.subject === "shard user",
  });
  const app = new Request("https://app.example/shard/ws");
  const [phone, laptop] = [
    await auth.issue(app, env, { userId: "shard user" }),
    await auth.issue(app, env, { userId: "shard user" }),
  ];
  const open = async (login: { readonly token: string }, shard: string) => {
    const headers = {
      upgrade: "websocket",
      origin: "https://app.example",
      cookie: `__Host-session=${login.token}`,
    };
    const url = `https://app.example/shard/ws?shard=${encodeURIComponent(shard)}`;
    const { webSocket } = await fetch(new Request(url, { headers }), env);
    if (webSocket === null) throw new Error("the upgrade was refused");
    return new TestSocket<ShardServerFrame>(webSocket);
  };
  const sockets = [await open(phone, "auth 1"), await open(phone, "auth 2")];
  const other = await open(laptop, "auth 1");
  await follow(other, "auth 1");
  for (const name of ["auth 1", "auth 2"]) await evictDurableObject(env.BOARD.getByName(name));
  await auth.signOut(
    new Request(app, { method: "POST", headers: { authorization: `Bearer ${phone.token}` } }),
    env,
  );
  for (const socket of sockets) expect(await socket.closed).toMatchObject({ code: 4401 });
  await env.BOARD.getByName("auth 1").importTasks(["one"]);
  expect(await other.next("commit")).toMatchObject({ position: 1 });
});
