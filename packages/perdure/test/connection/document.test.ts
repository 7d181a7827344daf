/** Document 4: its snippets, as a user would write them from it, in `document/`. */

import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { createTestHarness } from "wrangler";
import { Guest } from "./guest.ts";

const CLASSES = ["Basic", "Shallow", "Deep", "Lenient", "Strict", "Storage"];

// Nothing is fetched from the network.
vi.stubEnv("CLOUDFLARE_CF_FETCH_ENABLED", "false");
const server = createTestHarness({
  workers: [
    {
      config: {
        name: "document",
        main: join(import.meta.dirname, "../../test-workers/connection/document/worker.ts"),
        compatibility_date: "2026-10-23",
        durable_objects: { bindings: CLASSES.map((name) => ({ name, class_name: name })) },
        migrations: [{ tag: "v1", new_sqlite_classes: CLASSES }],
      },
    },
  ],
});

let url: URL;

beforeAll(async () => {
  ({ url } = await server.listen());
}, 60_000);

afterAll(async () => {
  await server.close();
});

/** Its memory is lost; its sockets stay open. */
const evict = (binding: string, name: string) =>
  server.getWorker("document").evictDurableObject(binding, { name, webSockets: "hibernate" });

test("the counter, the time and the theme begin with the initial values and survive an eviction and a reconnection", async () => {
  const guest = await Guest.connect(url, "/ws", "doc-basic");
  expect(await guest.next()).toEqual(["greeting", { sent: 0, theme: "dark" }]);
  guest.send("message", { text: "one" });
  expect(await guest.next()).toEqual(["message", { text: "one", messageNumber: 1 }]);
  guest.send("theme", { theme: "light" });
  await evict("Basic", "doc-basic");
  guest.send("message", { text: "two" });
  expect(await guest.next()).toEqual(["message", { text: "two", messageNumber: 2 }]);
  await guest.close();
  const again = await Guest.connect(url, "/ws", "doc-basic");
  expect(await again.next()).toEqual(["greeting", { sent: 2, theme: "light" }]);
});

test("a user who says nothing of who he is gets an id of his own", async () => {
  const guest = await Guest.connect(url, "/ws");
  expect(await guest.next()).toEqual(["greeting", { sent: 0, theme: "dark" }]);
});

/** The state of a user who has sent these events, after an eviction. */
const shallowStateAfter = async (...events: readonly string[]) => {
  const guest = await Guest.connect(url, "/shallow", "doc-shallow");
  await guest.next();
  for (const event of events) guest.send(event);
  await guest.settled();
  await guest.close();
  await evict("Shallow", "doc-shallow");
  const [, state] = await (await Guest.connect(url, "/shallow", "doc-shallow")).next();
  return state;
};

test("shallow tracking: an assignment persists, a nested change does not, a reassignment of the whole does", async () => {
  const cosy = { fontSize: 12, density: "cosy" };
  expect(await shallowStateAfter("assign")).toEqual({ theme: "light", preferences: cosy });
  expect(await shallowStateAfter("mutate")).toEqual({ theme: "light", preferences: cosy });
  const large = { fontSize: 16, density: "cosy" };
  expect(await shallowStateAfter("reassign")).toEqual({ theme: "light", preferences: large });
});

test("deep tracking: a nested change persists", async () => {
  const guest = await Guest.connect(url, "/deep", "doc-deep");
  expect(await guest.next()).toEqual(["state", { nested: { count: 0 } }]);
  guest.send("count");
  guest.send("count");
  await guest.settled();
  await guest.close();
  await evict("Deep", "doc-deep");
  const again = await Guest.connect(url, "/deep", "doc-deep");
  expect(await again.next()).toEqual(["state", { nested: { count: 2 } }]);
});

test("a value that cannot be stored is told to onPersistError, and the session goes on with what is stored", async () => {
  const guest = await Guest.connect(url, "/lenient", "doc-lenient");
  guest.send("count");
  expect(await guest.next()).toEqual(["counted", 1]);
  guest.send("told");
  expect(await guest.next()).toEqual([
    "told",
    [expect.stringContaining('Failed to persist "counter": ')],
  ]);
});

test("a value that cannot be stored throws a PersistError where it is assigned, which can be caught", async () => {
  const guest = await Guest.connect(url, "/strict", "doc-strict");
  guest.send("count");
  expect(await guest.next()).toEqual(["caught", { name: "PersistError", counter: 1 }]);
});

const note = (text: string): unknown => ({
  text,
  createdAt: expect.any(Number),
  author: "doc-notes",
});

test("notes are put, listed by their prefix, and deleted, over an eviction", async () => {
  const guest = await Guest.connect(url, "/storage", "doc-notes");
  await guest.next();
  await guest.next();
  guest.send("saveNote", { id: "a", text: "first" });
  guest.send("saveNote", { id: "b", text: "second" });
  await guest.settled();
  await evict("Storage", "doc-notes");
  guest.send("getNotes");
  expect(await guest.next()).toEqual(["notes", { notes: [note("first"), note("second")] }]);
  guest.send("deleteNote", { id: "a" });
  guest.send("getNotes");
  expect(await guest.next()).toEqual(["notes", { notes: [note("second")] }]);
});

test("a transfer takes the money and writes it down, or leaves nothing and says why", async () => {
  const guest = await Guest.connect(url, "/storage", "doc-transfer");
  await guest.next();
  await guest.next();
  guest.send("transfer", { amount: 10, recipient: "bob" });
  expect(await guest.next()).toEqual(["error", { message: "Insufficient balance" }]);
  guest.send("account");
  expect(await guest.next()).toEqual(["account", { transfers: [] }]);
  guest.send("deposit", { amount: 30 });
  guest.send("transfer", { amount: 10, recipient: "bob" });
  await guest.settled();
  await evict("Storage", "doc-transfer");
  guest.send("account");
  expect(await guest.next()).toEqual([
    "account",
    { balance: 20, transfers: [{ amount: 10, to: "bob" }] },
  ]);
});

test("SQL has the newest 50 messages of a table of one's own", async () => {
  const guest = await Guest.connect(url, "/storage", "doc-sql");
  await guest.next();
  await guest.next();
  guest.send("query");
  expect(await guest.next()).toEqual(["history", { messages: [] }]);
  for (let at = 1; at <= 51; at += 1) guest.send("write", { text: `${at}`, at });
  guest.send("query");
  const [, { messages }] = (await guest.next()) as [string, { messages: { text: string }[] }];
  expect(messages).toHaveLength(50);
  expect([messages[0]?.text, messages.at(-1)?.text]).toEqual(["51", "2"]);
});

test("both together: what is not among the persisted keys is forgotten, what is in the storage stays", async () => {
  const guest = await Guest.connect(url, "/storage", "doc-both");
  expect(await guest.next()).toEqual(["before", { online: false, messageCount: 0 }]);
  expect(await guest.next()).toEqual(["history", { messages: [] }]);
  guest.send("message", { text: "hello" });
  await guest.settled();
  await guest.close();
  await evict("Storage", "doc-both");
  const again = await Guest.connect(url, "/storage", "doc-both");
  expect(await again.next()).toEqual(["before", { online: false, messageCount: 1 }]);
  expect(await again.next()).toEqual([
    "history",
    { messages: [{ text: "hello", author: "doc-both" }] },
  ]);
});
