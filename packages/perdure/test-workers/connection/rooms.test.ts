import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test, vi } from "vitest";
import { ownNamespace } from "../../src/object/index.ts";
import { openSocket, TestSocket } from "../../src/testing/index.ts";
import type { ConnectionServerFrame } from "../../src/protocol/index.ts";
import { roomJournal } from "../objects/room-objects.ts";
import { connectionOf, nextEvent } from "./user-socket.ts";

/** A socket of a user. */
class UserSocket extends TestSocket<ConnectionServerFrame> {
  /** Has a handler do something, and answers with what came of it. */
  async do(event: string, room: string, more: object = {}): Promise<unknown> {
    this.send({ t: "event", event, data: { room, ...more } });
    return this.event("done");
  }

  /** Says something in a room; answers to how many sockets it went. */
  async say(room: string, data: unknown): Promise<unknown> {
    return this.do("say", room, { data });
  }

  /** Takes events up to the next with this name, and answers with its data. */
  event(name: string): Promise<unknown> {
    return nextEvent(this, name);
  }
}

const userOf = (userId: string) => env.ROOM_USER.getByName(userId);

async function open(userId: string): Promise<UserSocket> {
  return new UserSocket(await openSocket(userOf(userId), connectionOf(userId)));
}

async function joined(userId: string, room: string): Promise<UserSocket> {
  const socket = await open(userId);
  expect(await socket.do("join", room)).toEqual({ rooms: [room] });
  return socket;
}

/** Names of the members of a plain room. */
async function plainNames(room: string): Promise<readonly string[]> {
  return (await env.PLAIN_ROOM.getByName(room).members()).map(({ userId }) => userId);
}

const journalOf = (room: string) =>
  roomJournal
    .filter((line) => line.startsWith(`${room} `))
    .map((line) => line.slice(room.length + 1));

test("B10 an event reaches the sockets of several users, and not its sender", async () => {
  const room = "plain:several";
  const [ada, other, bob] = [
    await joined("several-ada", room),
    await joined("several-ada", room),
    await joined("several-bob", room),
  ];
  await open("several-bob");
  expect(await ada.say(room, { type: "x" })).toEqual({ reached: 2 });
  expect(await other.event("said")).toEqual({ type: "x" });
  expect(await bob.event("said")).toEqual({ type: "x" });
  expect(ada.texts.join()).not.toContain("said");
});

test("B1 members and who is in a room outlive evictions of the room and of the users' objects", async () => {
  const room = "plain:evicted";
  const ada = await joined("evicted-ada", room);
  const bob = await joined("evicted-bob", room);
  await evictDurableObject(env.PLAIN_ROOM.getByName(room));
  await evictDurableObject(userOf("evicted-ada"));
  await evictDurableObject(userOf("evicted-bob"));
  expect(await ada.say(room, 1)).toEqual({ reached: 1 });
  expect(await bob.event("said")).toBe(1);
  expect(await plainNames(room)).toEqual(["evicted-ada", "evicted-bob"]);
  expect(await userOf("evicted-ada").rooms()).toEqual([room]);
});

test("B11 what several send at once arrives at all in the same order, and each sender's in its own", async () => {
  const room = "plain:ordered";
  const senders = await Promise.all([0, 1, 2].map((n) => joined(`ordered-${n}`, room)));
  const readers = await Promise.all([0, 1].map((n) => joined(`ordered-reader-${n}`, room)));
  const each = 40;
  for (let n = 0; n < each; n += 1)
    for (const [sender, socket] of senders.entries())
      socket.send({
        t: "event",
        event: "sayInPassing",
        data: { room, data: `${sender}-${n}` },
      });
  const orders: string[][] = [];
  for (const reader of readers) {
    const order: string[] = [];
    while (order.length < each * senders.length) order.push(String(await reader.event("said")));
    orders.push(order);
  }
  expect(orders[1]).toEqual(orders[0]);
  for (const sender of senders.keys())
    expect(orders[0]?.filter((one) => one.startsWith(`${sender}-`))).toEqual(
      Array.from({ length: each }, (_, n) => `${sender}-${n}`),
    );
});

test("B3 a refused join has its code at the caller, and leaves nothing, over an eviction too", async () => {
  const room = "hooked:refusing";
  const ada = await open("refused-ada");
  expect(await ada.do("join", room, { meta: { refuse: true } })).toEqual({
    code: "forbidden",
    message: "refused-ada may not join.",
  });
  await evictDurableObject(env.HOOKED_ROOM.getByName(room));
  expect(await env.HOOKED_ROOM.getByName(room).members()).toEqual([]);
  expect(await userOf("refused-ada").rooms()).toEqual([]);
});

test("B20 presence tells who joins and leaves, in order, also after evictions", async () => {
  const room = "hooked:presence";
  const ada = await joined("presence-ada", room);
  expect(await ada.event("perdure:members")).toMatchObject({
    members: [{ userId: "presence-ada" }],
  });
  await evictDurableObject(env.HOOKED_ROOM.getByName(room));
  const bob = await joined("presence-bob", room);
  expect(await bob.event("perdure:members")).toMatchObject({
    members: [{ userId: "presence-ada" }, { userId: "presence-bob" }],
  });
  await bob.say(room, "hello");
  await evictDurableObject(userOf("presence-bob"));
  bob.close();
  expect(await ada.event("perdure:join")).toMatchObject({ userId: "presence-bob", meta: null });
  expect(await ada.event("said")).toBe("hello");
  expect(await ada.event("perdure:leave")).toEqual({ userId: "presence-bob" });
  expect(journalOf(room)).toEqual([
    "join presence-ada",
    "join presence-bob",
    "leave presence-bob left",
  ]);
});

test("B21 a room past its limit says once that nobody is told any more, over an eviction too", async () => {
  const room = "hooked:quiet";
  const first = await joined("quiet-0", room);
  for (const n of [1, 2]) await joined(`quiet-${n}`, room);
  const fourth = await joined("quiet-3", room);
  expect(await fourth.event("perdure:members")).toEqual({ members: null });
  await evictDurableObject(env.HOOKED_ROOM.getByName(room));
  const fifth = await joined("quiet-4", room);
  expect(await fifth.event("perdure:members")).toEqual({ members: null });
  expect(
    await first.until((one) => one.t === "event" && one.event === "perdure:members"),
  ).toMatchObject({
    data: { members: [{ userId: "quiet-0" }] },
  });
  expect(await first.event("perdure:members")).toEqual({ members: null });
});

test("B30 members whose objects lost their sockets without a word are found by the alarm", async () => {
  const room = "hooked:pruned";
  const gone = await joined("pruned-gone", room);
  await joined("pruned-here", room);
  const room_ = env.HOOKED_ROOM.getByName(room);
  await evictDurableObject(userOf("pruned-gone"), { webSockets: "close" });
  await gone.closed;
  const left = async () => (await room_.members()).map(({ userId }) => userId);
  // The alarm is set for 10 minutes after the first join; here it rings now.
  await runInDurableObject(room_, (_, ctx) => {
    ctx.storage.sql.exec("UPDATE timers SET due_at = 1 WHERE name = 'perdure:prune'");
  });
  await evictDurableObject(room_);
  expect(await runDurableObjectAlarm(room_)).toBe(true);
  expect(await left()).toEqual(["pruned-here"]);
  expect(journalOf(room).at(-1)).toBe("leave pruned-gone gone");
});

test("B41 closing one socket leaves the user's others in the room; closing the last ends the membership", async () => {
  const room = "plain:last";
  const first = await joined("last-ada", room);
  const second = await joined("last-ada", room);
  const bob = await joined("last-bob", room);
  first.close();
  await first.closed;
  expect(await bob.say(room, 1)).toEqual({ reached: 1 });
  expect(await second.event("said")).toBe(1);
  await second.do("leave", room);
  expect(await plainNames(room)).toEqual(["last-bob"]);
  expect(await bob.say(room, 2)).toEqual({ reached: 0 });
});

test("B43 a room that crashes during a join leaves neither a mark nor a member, and takes the next join", async () => {
  const room = "hooked:crashing";
  const ada = await open("crashing-ada");
  expect(await ada.do("join", room, { meta: { crash: true } })).toEqual({
    code: null,
    message: "a crash that a test asked for",
  });
  expect(await userOf("crashing-ada").rooms()).toEqual([]);
  expect(await env.HOOKED_ROOM.getByName(room).members()).toEqual([]);
  expect(await ada.do("join", room)).toEqual({ rooms: [room] });
});

test("B43 a user's object that crashes loses its sockets, and the room finds out with the next event", async () => {
  const room = "plain:user-crash";
  const ada = await joined("user-crash-ada", room);
  const bob = await joined("user-crash-bob", room);
  await userOf("user-crash-ada")
    .crash()
    .catch(() => {});
  await ada.closed;
  expect(await plainNames(room)).toHaveLength(2);
  expect(await bob.say(room, 1)).toEqual({ reached: 0 });
  expect(await plainNames(room)).toEqual(["user-crash-bob"]);
});

test("B7 a room puts a member out: its socket stays open, and hears of it", async () => {
  const room = "hooked:kicked";
  const ada = await joined("kicked-ada", room);
  await env.HOOKED_ROOM.getByName(room).kick("kicked-ada");
  expect(await ada.event("perdure:leave")).toEqual({ userId: "kicked-ada" });
  expect(await userOf("kicked-ada").rooms()).toEqual([]);
  expect(await env.HOOKED_ROOM.getByName(room).members()).toEqual([]);
  expect(await ada.do("join", room)).toEqual({ rooms: [room] });
});

test("a class of rooms may have methods of its own, which emit and list members", async () => {
  const room = "hooked:announced";
  const ada = await joined("announced-ada", room);
  expect(await env.HOOKED_ROOM.getByName(room).announce("news")).toBe(
    "news reached 1 sockets of 1",
  );
  expect(await ada.event("announced")).toBe("news");
});

test("B8 a room that nobody joined stays unwritten, and an empty one has no rows and no alarm", async () => {
  const untouched = env.PLAIN_ROOM.getByName("plain:untouched");
  expect(await untouched.relay("{}", null)).toEqual({ ok: true, value: 0 });
  expect(await untouched.members()).toEqual([]);
  await untouched.leave("nobody");
  expect(await runInDurableObject(untouched, (object) => object["isBlank"])).toBe(true);
  const ada = await joined("empty-ada", "plain:emptied");
  await ada.do("leave", "plain:emptied");
  const emptied = env.PLAIN_ROOM.getByName("plain:emptied");
  const left = await runInDurableObject(emptied, async (_, { storage }) => ({
    members: storage.sql.exec("SELECT * FROM room_members").toArray(),
    timers: storage.sql.exec("SELECT * FROM timers").toArray(),
    alarm: await storage.getAlarm(),
  }));
  expect(left).toEqual({ members: [], timers: [], alarm: null });
});

test("B12 a room finds its own binding among all, to call itself", () => {
  const id = env.PLAIN_ROOM.idFromName("plain:own");
  expect(ownNamespace(env, id)).toBe(env.PLAIN_ROOM);
  expect(ownNamespace({}, id)).toBeUndefined();
});

test.for([
  ["plain:unreachable", "unavailable"],
  ["missing:2", "broken"],
])(
  "E43 an event for a room that cannot be reached rejects where it is awaited, else onError hears of it: %s",
  async ([room, code]) => {
    const ada = await open(`no-room-${code}`);
    const heard = () => journalOf("error").filter((line) => line === code).length;
    ada.send({ t: "event", event: "say", data: { room } });
    expect((await ada.next("error")).error).toMatchObject({ code });
    expect(heard()).toBe(1);
    ada.send({ t: "event", event: "sayInPassing", data: { room } });
    await vi.waitFor(() => expect(heard()).toBe(2));
    expect(ada.texts.join()).not.toContain("secret");
  },
);

test("B51 a room whose binding is missing says what to add", async () => {
  const ada = await open("missing-ada");
  expect(await ada.do("join", "missing:1")).toEqual({
    code: "broken",
    message: expect.stringContaining('"new_sqlite_classes": ["MISSING_ROOM"]'),
  });
  expect(await userOf("missing-ada").rooms()).toEqual([]);
});

test("B42 a leave that does not reach its room is tried again by the alarm, over an eviction", async () => {
  const room = "hooked:unreachable";
  const ada = await joined("unreachable-ada", room);
  const { timers } = await runInDurableObject(
    userOf("unreachable-ada"),
    async (object, { storage }) => {
      object["timers"].set(`perdure:leave:${room}`, Date.now() + 60_000, room);
      return { timers: storage.sql.exec("SELECT name FROM timers").toArray() };
    },
  );
  expect(timers).toHaveLength(1);
  // The socket is gone without the room having heard of it.
  await evictDurableObject(userOf("unreachable-ada"), { webSockets: "close" });
  await ada.closed;
  await runInDurableObject(userOf("unreachable-ada"), (_, { storage }) => {
    storage.sql.exec("UPDATE timers SET due_at = 1");
  });
  await evictDurableObject(userOf("unreachable-ada"));
  expect(await runDurableObjectAlarm(userOf("unreachable-ada"))).toBe(true);
  expect(await env.HOOKED_ROOM.getByName(room).members()).toEqual([]);
  expect(journalOf(room).at(-1)).toBe("leave unreachable-ada left");
});
