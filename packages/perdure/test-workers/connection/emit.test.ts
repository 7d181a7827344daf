import { env } from "cloudflare:workers";
import { expect, test, vi } from "vitest";
import { journalOf } from "../objects/user-do.ts";
import type { UserSocket } from "./user-socket.ts";
import { emit, greet, nextEvent, openUser } from "./user-socket.ts";

const open = (userId: string, meta?: Parameters<typeof openUser>[1]) =>
  openUser(userId, meta, env.EMITTING_USER);

/** Names of all events that have arrived up to one. */
async function eventsUpTo(socket: UserSocket, last: string): Promise<readonly string[]> {
  const names: string[] = [];
  await socket.until((frame) => {
    if (frame.t === "event") names.push(frame.event);
    return frame.t === "event" && frame.event === last;
  });
  return names;
}

test("E40 what is not awaited leaves in order after the state is stored, and before the answer", async () => {
  const socket = await open("ordered");
  await greet(socket, "client");
  emit(socket, "later", undefined, 1);
  await socket.next("ack");
  expect(socket.texts.map((text) => JSON.parse(text) as object)).toMatchObject([
    { t: "welcome" },
    { event: "first" },
    { event: "second" },
    { event: "third" },
    // Not yet: the handler has not ended.
    { event: "stored" },
    { t: "ack" },
  ]);
});

test("E41 awaiting sends at once with all before it, and tells how many sockets it reached", async () => {
  const socket = await open("awaited");
  emit(socket, "awaitThenFail");
  expect(await nextEvent(socket, "awaited")).toBeUndefined();
  expect((await socket.next("error")).error.code).toBe("bad_request");
  emit(socket, "later");
  await nextEvent(socket, "stored");
  expect(socket.texts.join("\n")).not.toContain("never");
  expect(journalOf("awaited")).toContain("sent 1");
});

test.for([
  { how: "commit", inside: true, stored: "commit" },
  { how: "rollback", inside: false, stored: undefined },
  { how: "throw", inside: false, stored: undefined },
])("E42 what is emitted in a transaction leaves only if it commits: $how", async (given) => {
  const name = `transaction ${given.how}`;
  const socket = await open(name);
  emit(socket, "transaction", { how: given.how });
  const inside = given.inside ? ["inside", "awaited inside"] : [];
  expect(await eventsUpTo(socket, "after")).toEqual(["before", ...inside, "after"]);
  expect(socket.texts.at(-1)).toBe(
    JSON.stringify({ t: "event", event: "after", data: given.stored }),
  );
  expect(journalOf(name)).toEqual([`${given.how} 0`]);
});

test.for([
  { how: "commit", events: ["inside", "after"] },
  { how: "throw", events: ["after"] },
])("E42 so it is in a synchronous transaction: $how", async ({ how, events }) => {
  const socket = await open(`synchronous ${how}`);
  emit(socket, "transactionSync", { how });
  expect(await eventsUpTo(socket, "after")).toEqual(events);
});

test("E43 a target that cannot be reached rejects where it is awaited, else onError hears of it", async () => {
  const socket = await open("reaching");
  emit(socket, "unreachable", { isAwaited: true });
  expect((await socket.next("error")).error.code).toBe("unavailable");
  journalOf("emitting").length = 0;
  emit(socket, "unreachable", { isAwaited: false });
  await vi.waitFor(() => expect(journalOf("emitting")).toEqual(["error unavailable"]));
});

test("E44 without rooms a room is all sockets of the user", async () => {
  const [self, other] = [await open("roomless"), await open("roomless")];
  emit(self, "room", {});
  expect(await nextEvent(self, "room")).toBe("hello");
  expect(await nextEvent(self, "reached")).toBe(2);
  emit(self, "room", { includeSelf: false });
  expect(await nextEvent(self, "reached")).toBe(1);
  await nextEvent(other, "room");
  expect(await nextEvent(other, "room")).toBe("hello");
});

test("E44 a user is all sockets of that user, this or another", async () => {
  const self = await open("speaker");
  await open("speaker");
  const others = [await open("listener"), await open("listener"), await open("listener")];
  emit(self, "user", { user: "listener" });
  expect(await nextEvent(self, "reached")).toBe(3);
  for (const other of others) expect(await nextEvent(other, "user")).toBe("hello");
  emit(self, "user", { user: "speaker" });
  expect(await nextEvent(self, "user")).toBe("hello");
  expect(await nextEvent(self, "reached")).toBe(2);
  emit(self, "user", { user: "nobody was ever here" });
  expect(await nextEvent(self, "reached")).toBe(0);
});

test("E44 a string is a channel of this user's sockets, else a user; an object names one socket", async () => {
  const self = await open("channels", { channels: ["a"] });
  const other = await open("channels", { channels: ["a", "b"] });
  emit(self, "to", "a");
  expect(await nextEvent(self, "reached")).toBe(2);
  emit(self, "to", "b");
  expect(await nextEvent(self, "reached")).toBe(1);
  const stranger = await open("a stranger");
  emit(self, "to", "a stranger");
  expect(await nextEvent(self, "reached")).toBe(1);
  expect(await nextEvent(stranger, "to")).toBe("hello");
  const { socket } = await greet(other, "client");
  emit(self, "to", { socket });
  expect(await nextEvent(self, "reached")).toBe(1);
});

test("E45 a name has 1 to 128 characters, both ways", async () => {
  const socket = await open("names");
  emit(socket, "named", "n".repeat(128));
  await nextEvent(socket, "n".repeat(128));
  for (const name of ["", "n".repeat(129)]) {
    emit(socket, "named", name);
    expect((await socket.next("error")).error.code).toBe("bad_request");
  }
  for (const name of ["", "n".repeat(129)]) {
    const other = await open("names");
    emit(other, name);
    expect((await other.next("error")).error.code).toBe("bad_frame");
    expect(await other.closed).toMatchObject({ code: 4400 });
  }
});

test("Y3 what JSON would alter is refused where it is emitted", async () => {
  const socket = await open("altered");
  emit(socket, "bad");
  expect((await socket.next("error")).error.code).toBe("bad_request");
});

test("what a handler emits after its end leaves, too", async () => {
  const socket = await open("late");
  emit(socket, "late");
  expect(await nextEvent(socket, "late")).toBe("enough");
});
