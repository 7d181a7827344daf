import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, expect, test, vi } from "vitest";
import { callObject } from "../../src/object/index.ts";
import { assertNoScans, assertSurvivesEviction, openSocket } from "../../src/testing/index.ts";
import { OWNER } from "../session/setup.ts";

const sessionOf = (name: string) => env.CARELESS_SESSION.getByName(name);

afterEach(() => {
  vi.restoreAllMocks();
});

test("what an object has only in memory does not survive an eviction, and the helper says so", async () => {
  const session = sessionOf("memory");
  await session.visit();
  await session.visitForgetfully();
  await session.visitForgetfully();
  const evict = () => evictDurableObject(session);
  await expect(assertSurvivesEviction(() => session.visits(), evict)).resolves.toBe(1);
  await session.visitForgetfully();
  await expect(assertSurvivesEviction(() => session.visitsInMemory(), evict)).rejects.toThrow(
    "Before the eviction it was 1, after it 0: it is only in memory.",
  );
});

test("a query without an index is found while it runs, and one with an index passes", async () => {
  const session = sessionOf("index");
  await session.visit();
  await runInDurableObject(session, async (object, { storage }) => {
    const watched = (work: () => unknown) => assertNoScans(storage.sql, work);
    await watched(() => object.notesOn("visit"));
    await watched(() => object.latestNotes());
    await expect(watched(() => object.notesIn("hall"))).rejects.toThrow(
      "SCAN notes: SELECT id FROM notes WHERE room = ? LIMIT 50",
    );
    await expect(watched(() => object.firstRooms())).rejects.toThrow("SCAN notes");
    await expect(watched(() => object.settings())).rejects.toThrow("SCAN settings");
    // It watches no longer than it was asked to.
    expect(object.notesIn("hall")).toBe(1);
  });
});

test("a migration that inserts runs once, however often the object wakes", async () => {
  const session = sessionOf("migrations");
  expect(await session.settings()).toBe(1);
  for (let wake = 0; wake < 3; wake += 1) {
    await evictDurableObject(session);
    expect(await session.settings()).toBe(1);
  }
});

test("a call to an object that dies fails for those who call once, and not for those who call by name", async () => {
  const once = await sessionOf("dies")
    .dieOnce()
    .catch((error: unknown) => error);
  expect(once).toMatchObject({ message: "the object dies" });
  expect(await callObject(env.CARELESS_SESSION, "dies too", (stub) => stub.dieOnce())).toBe(
    "alive",
  );
});

test("an object that stores a lot says so in its log, once after each wake", async () => {
  const warned = vi.spyOn(console, "warn").mockReturnValue();
  const session = sessionOf("large");
  await session.create(OWNER, { id: "large" });
  const connect = async () => (await openSocket(session)).accept();
  await connect();
  expect(warned.mock.calls).toEqual([]);

  await session.fill(600 * 1024);
  await connect();
  await connect();
  const warning = [expect.stringMatching(/^perdure: the object large stores \d+ MiB\. Use one/)];
  expect(warned.mock.calls).toEqual([warning]);

  await evictDurableObject(session);
  await session.settings();
  expect(warned.mock.calls).toEqual([warning, warning]);
});

test("an object that was never written warns of nothing and stores nothing", async () => {
  const session = sessionOf("blank");
  expect(await session.getSessionMeta()).toEqual({});
  await runInDurableObject(session, (_object, { storage }) => {
    const tables =
      "SELECT count(*) AS count FROM sqlite_master WHERE name NOT LIKE '\\_cf%' ESCAPE '\\'";
    expect(storage.sql.exec(tables).one()).toEqual({ count: 0 });
  });
});
