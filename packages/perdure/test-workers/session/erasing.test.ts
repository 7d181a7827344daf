import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { Peer } from "./peer.ts";
import { as, createdSession, OWNER, PROMPT, valueOf } from "./setup.ts";

type Stub = Awaited<ReturnType<typeof createdSession>>;

/** What is stored: the tables, and when the alarm rings. */
const stored = (session: Stub) =>
  runInDurableObject(session, async (_object, { storage }) => ({
    tables: storage.sql
      .exec<{ name: string }>("SELECT name FROM sqlite_master WHERE type = 'table'")
      .toArray()
      .map(({ name }) => name)
      .filter((name) => !name.startsWith("_cf_")),
    alarm: await storage.getAlarm(),
  }));

const list = () => env.SESSION_INDEX.getByName("eraser").list();

const NOTHING = { tables: [], alarm: null };

test("T26 erasing ends the session, tells everybody, and leaves nothing stored", async () => {
  const session = await createdSession("erased");
  const reader = await Peer.reader(session);
  const runner = await Peer.runner(session);
  const silent = await Peer.open(session);
  await session.command(OWNER, "p", PROMPT);
  expect(await session.erase(as("participant"))).toMatchObject({ error: { code: "forbidden" } });
  expect(await session.erase(OWNER)).toEqual({ ok: true, value: { erased: true } });

  const codes = await Promise.all([reader.closed, runner.closed, silent.closed]);
  expect(codes.map(({ code }) => code)).toEqual([4410, 4410, 4404]);
  await reader.until(
    (frame) =>
      typeof frame === "object" &&
      frame.t === "events" &&
      frame.e.some((event) => event.type === "session.lifecycle" && event.by === "ada"),
  );
  expect(await stored(session)).toEqual(NOTHING);
  const answers = [
    await session.describe(OWNER),
    await session.command(OWNER, "q", PROMPT),
    await session.messages(OWNER),
  ];
  for (const answer of answers)
    expect(answer).toMatchObject({ error: { code: "session_not_found" } });
  const late = await Peer.open(session);
  expect(await late.closed).toEqual({ code: 4404 });
  expect(await session.erase(OWNER)).toEqual({ ok: true, value: { erased: true } });
  expect(await stored(session)).toEqual(NOTHING);
});

test("T26 the line in the owner's list goes, and does not come back", async () => {
  const owner = { ...OWNER, subject: "eraser" };
  const session = env.SESSION_DO.getByName("erased-listed");
  valueOf(await session.create(owner, { id: "erased-listed" }));
  await expect.poll(async () => (await list()).sessions.length).toBe(1);
  await session.erase(owner);
  expect((await list()).sessions).toEqual([]);
  await evictDurableObject(session);
  await session.describe(owner);
  expect((await list()).sessions).toEqual([]);
});

test("T26 a session of the same id is another one, and hears nothing of the memory of the first", async () => {
  const session = await createdSession("erased-again");
  const runner = await Peer.runner(session);
  // Shown, and not stored yet: the flush that was to store it comes too late.
  runner.send({ t: "events", epoch: 1, r: 2, e: [{ type: "start", messageId: "m" }] });
  await session.erase(OWNER);
  const other = { ...OWNER, subject: "bob" };
  expect(valueOf(await session.create(other, { id: "erased-again" }))).toMatchObject({
    created: true,
    createdBy: "bob",
    head: 1,
  });
  await runInDurableObject(session, () => scheduler.wait(1_500));
  const { events } = valueOf(await session.events(other, 0));
  expect(events).toMatchObject([{ type: "session.created", by: "bob" }]);
  await evictDurableObject(session);
  expect(valueOf(await session.describe(other))).toMatchObject({ createdBy: "bob", head: 1 });
});

test("T26 T23 an alarm erases a terminated session, also one that was never in memory since", async () => {
  const session = env.SESSION_DO.getByName("erased-mortal");
  const lifetime = { eraseAfterTerminatedMs: 1_000 };
  valueOf(await session.create(OWNER, { id: "erased-mortal", lifetime }));
  await session.command(OWNER, "t", { op: "terminate" });
  await evictDurableObject(session);
  await runInDurableObject(session, (_object, { storage }) => {
    storage.sql.exec("UPDATE timers SET due_at = 1 WHERE name = 'perdure:erase'");
  });
  await runDurableObjectAlarm(session);
  expect(await stored(session)).toEqual(NOTHING);
  expect(await runDurableObjectAlarm(session)).toBe(false);
});

test("T26 an erasure that was cut off is finished by the alarm", async () => {
  const session = await createdSession("erased-cut");
  await runInDurableObject(session, (_object, { storage }) => {
    storage.sql.exec(
      "INSERT INTO timers (name, due_at, attempts, payload) VALUES ('perdure:erase', 1, 0, 'null')",
    );
    return storage.setAlarm(Date.now() + 60_000);
  });
  await evictDurableObject(session);
  await runDurableObjectAlarm(session);
  expect(await stored(session)).toEqual(NOTHING);
});
