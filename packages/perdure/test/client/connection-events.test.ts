import { expect, expectTypeOf, test, vi } from "vitest";
import { z } from "zod";
import type { RoomMember } from "../../src/protocol/index.ts";
import { defineContract, ROOM_EVENTS } from "../../src/protocol/index.ts";
import { pass, useSimulatedTime } from "./client-setup.ts";
import {
  eventsOn,
  framesOn,
  liveConnection,
  outcomeOf,
  push,
  welcome,
} from "./connection-setup.ts";
import type { FakeServer } from "./fake-server.ts";

useSimulatedTime();

const contract = defineContract({
  serverEvents: { message: z.object({ text: z.string(), at: z.coerce.date() }) },
  clientEvents: { say: z.object({ text: z.string().max(5) }), hush: z.undefined() },
});

const event = (name: string, data?: unknown, room?: string) =>
  ({ t: "event", event: name, data, ...(room === undefined ? {} : { room }) }) as const;

const ada: RoomMember = { userId: "ada", meta: { name: "Ada" }, joinedAt: 1 };
const bob: RoomMember = { userId: "bob", meta: null, joinedAt: 2 };

/** Reconnects, and leaves the welcome to the test. */
async function cut(server: FakeServer) {
  server.connection.drop();
  await pass(5_000);
  return server.connection;
}

test("on, once and off listen to one event each, until they are told to stop", async () => {
  const { server, client } = await liveConnection();
  const heard: unknown[] = [];
  const always = (data: { n: number }) => heard.push(["always", data.n]);
  const other = (data: { n: number }) => heard.push(["other", data.n]);
  client.on("tick", always);
  client.once("tick", (data: { n: number }, { room }) => heard.push(["once", data.n, room]));
  const end = client.on("tick", other);
  push(server.connection, event("tick", { n: 1 }, "r"));
  push(server.connection, event("tock", { n: 2 }));
  end();
  push(server.connection, event("tick", { n: 3 }));
  client.off("tick", always);
  push(server.connection, event("tick", { n: 4 }));
  client.on("tick", always);
  client.off("tick");
  push(server.connection, event("tick", { n: 5 }));
  expect(heard).toEqual([
    ["always", 1],
    ["once", 1, "r"],
    ["other", 1],
    ["always", 3],
  ]);
});

test("Y1 data arrives at a listener as it was sent, bytes too", async () => {
  const { server, client } = await liveConnection();
  const heard: unknown[] = [];
  client.on("x", (data) => heard.push(data));
  const sent = [{ type: "y", t: "ack" }, [1], 0, "", null, undefined, new Int16Array([-1])];
  for (const data of sent) push(server.connection, event("x", data));
  expect(heard).toEqual(sent);
});

test("Y6 a contract types both ways, and what does not fit it does not leave", async () => {
  const { server, client } = await liveConnection({ contract });
  const errors: unknown[] = [];
  client.onError((problem, name) => errors.push([name, problem.code, problem.extra !== undefined]));
  expect(await client.emit("hush", undefined, { volatile: true })).toBe(true);
  const long = outcomeOf(client.emit("say", { text: "too long" }));
  // @ts-expect-error there is no such event
  void client.emit("message", {});
  // @ts-expect-error the data is needed
  const nothing = outcomeOf(client.emit("say"));
  // @ts-expect-error there is no such event either
  client.on("shout", () => {});
  await pass(1);
  expect(long.value).toMatchObject({
    code: "bad_request",
    extra: { issues: [{ path: ["text"] }] },
  });
  expect(nothing.value).toMatchObject({ code: "bad_request" });
  expect(eventsOn(server.connection)).toEqual([{ t: "event", event: "hush" }]);
  expect(errors).toEqual([
    ["say", "bad_request", true],
    ["message", "bad_request", false],
    ["say", "bad_request", true],
  ]);
});

test("Y6 a listener gets what the schema makes of the data, and nobody what does not fit", async () => {
  const { server, client } = await liveConnection({ contract });
  const heard: unknown[] = [];
  const errors: unknown[] = [];
  client.onError((problem, name) => errors.push([name, problem.code]));
  client.on("message", (data) => {
    expectTypeOf(data).toEqualTypeOf<{ text: string; at: Date }>();
    heard.push(data);
  });
  push(server.connection, event("message", { text: "hi", at: "1970-01-01T00:00:00.000Z" }));
  push(server.connection, event("message", { text: 1, at: "1970-01-01T00:00:00.000Z" }));
  push(server.connection, event("later", 1));
  expect(heard).toEqual([{ text: "hi", at: new Date(0) }]);
  expect(errors).toEqual([
    ["message", "bad_request"],
    ["later", "bad_request"],
  ]);
});

test("Y11 a client that comes back says how many events it got, those ahead of the welcome too", async () => {
  const { server, client } = await liveConnection();
  expect(framesOn(server.connection)).toEqual([{ t: "hello", v: 1, client: "c1" }]);
  push(server.connection, event("a"));
  push(server.connection, { t: "ack", n: 9 });
  push(server.connection, event("b", new Uint8Array(1)));
  const second = await cut(server);
  expect(framesOn(second)).toEqual([
    { t: "hello", v: 1, client: "c1", resume: { socket: "s1", received: 2 } },
  ]);
  push(second, event("c"));
  welcome(second, { socket: "s2" });
  push(second, event("d"));
  expect(client.getState().link).toBe("live");
  const third = await cut(server);
  expect(framesOn(third)).toMatchObject([{ resume: { socket: "s2", received: 2 } }]);
});

test("Y11 what was missed is handed out before what reached the new connection first", async () => {
  const { server, client } = await liveConnection();
  const heard: unknown[] = [];
  client.on("x", (data) => heard.push(data));
  push(server.connection, event("x", 1));
  const second = await cut(server);
  push(second, event("x", 4));
  welcome(second, { socket: "s2", missed: 2 });
  expect(heard).toEqual([1]);
  push(second, event("x", 2));
  expect(client.getState().link).toBe("catching-up");
  push(second, event("x", 3));
  expect(heard).toEqual([1, 2, 3, 4]);
  expect(client.getState().link).toBe("live");
  push(second, event("x", 5));
  expect(heard).toEqual([1, 2, 3, 4, 5]);
});

test("Y11 nothing is handed out twice or lost where a connection breaks before its welcome, or amid what was missed", async () => {
  const { server, client } = await liveConnection();
  const heard: unknown[] = [];
  client.on("x", (data) => heard.push(data));
  push(await cut(server), event("x", 1));
  const third = await cut(server);
  expect(framesOn(third)).toMatchObject([{ resume: { socket: "s1", received: 0 } }]);
  push(third, event("x", 3));
  welcome(third, { socket: "s3", missed: 2 });
  push(third, event("x", 1));
  const fourth = await cut(server);
  expect(framesOn(fourth)).toMatchObject([{ resume: { socket: "s3", received: 2 } }]);
  welcome(fourth, { socket: "s4", missed: 1 });
  push(fourth, event("x", 2));
  expect(heard).toEqual([1, 2, 3]);
});

test("Y12 a client that missed something for good is told before it hears more", async () => {
  const { server, client } = await liveConnection();
  const heard: string[] = [];
  client.on("x", () => heard.push("x"));
  client.onMissed(() => heard.push("missed"));
  expect(client.getState().missed).toBe(0);
  const second = await cut(server);
  push(second, event("x"));
  welcome(second, { socket: "s2", recovered: false });
  expect(heard).toEqual(["missed", "x"]);
  expect(client.getState()).toMatchObject({ link: "live", missed: 1 });
});

test("Y16 a room has its members and its events alone", async () => {
  const { server, client } = await liveConnection({ contract });
  const chat = client.room("chat");
  const changes = vi.fn<() => void>();
  const heard: unknown[] = [];
  chat.subscribe(changes);
  chat.on("message", ({ text }) => heard.push(text));
  chat.on(ROOM_EVENTS.leave, ({ userId }) => heard.push(userId));
  expect(chat.getMembers()).toEqual([]);
  const at = "1970-01-01T00:00:00.000Z";
  push(server.connection, event(ROOM_EVENTS.members, { members: [ada] }, "chat"));
  push(server.connection, event(ROOM_EVENTS.join, bob, "chat"));
  push(server.connection, event(ROOM_EVENTS.join, bob, "other"));
  push(server.connection, event("message", { text: "here", at }, "chat"));
  push(server.connection, event("message", { text: "there", at }, "other"));
  push(server.connection, event("message", { text: "nowhere", at }));
  expect(chat.getMembers()).toEqual([ada, bob]);
  expect(client.getState().rooms).toEqual({ chat: [ada, bob], other: [bob] });
  push(server.connection, event(ROOM_EVENTS.join, { ...ada, meta: null }, "chat"));
  push(server.connection, event(ROOM_EVENTS.leave, { userId: "bob" }, "chat"));
  expect(client.room("chat").getMembers()).toEqual([{ ...ada, meta: null }]);
  expect(heard).toEqual(["here", "bob"]);
  expect(changes).toHaveBeenCalledTimes(4);
});
