import {
  abortAllDurableObjects,
  evictDurableObject,
  runDurableObjectAlarm,
  runInDurableObject,
} from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import type { SessionListing } from "../../src/session/index.ts";
import type { CountedSessionDO } from "../objects/counted-session-do.ts";
import { lists } from "../objects/counted-session-do.ts";
import { Peer } from "./peer.ts";
import { OWNER, positionOf, PROMPT } from "./setup.ts";

const line = (id: string, updatedAt: number, change: Partial<SessionListing> = {}) => ({
  id,
  title: null,
  lifecycle: "active" as const,
  status: "idle" as const,
  createdAt: 1,
  updatedAt,
  ...change,
});

/** The sessions of an owner, once a condition holds. The test's own time limit bounds it. */
async function listedOf(owner: string, condition: (listed: readonly SessionListing[]) => boolean) {
  for (;;) {
    const { sessions } = await env.SESSION_INDEX.getByName(owner).list();
    if (condition(sessions)) return sessions;
    await scheduler.wait(5);
  }
}

const alarmOf = (stub: DurableObjectStub<CountedSessionDO>) =>
  runInDurableObject(stub, (_instance, { storage }) => storage.getAlarm());

test("I5 a page has 50 lines unless another number is asked for, and at most 200", async () => {
  const index = env.SESSION_INDEX.getByName("many");
  for (let n = 0; n < 210; n += 1) await index.upsert(line(`s${n}`, n), 1);
  expect((await index.list()).sessions).toHaveLength(50);
  expect((await index.list({ limit: 10_000 })).sessions).toHaveLength(200);
  for (const limit of [0, -1, Number.NaN])
    expect((await index.list({ limit })).sessions).toHaveLength(1);
});

test("T16 a session tells its owner's list of itself and of what becomes of it", async () => {
  const owner = { ...OWNER, subject: "teller" };
  const session = env.SESSION_DO.getByName("told");
  await session.create(owner, { id: "told" });
  expect(await listedOf("teller", (listed) => listed.length > 0)).toMatchObject([
    { id: "told", title: null, status: "idle", lifecycle: "active" },
  ]);
  const runner = await Peer.runner(session);
  const command = positionOf(await session.command(owner, "p", PROMPT));
  await listedOf("teller", ([line]) => line?.status === "running" && line.title === "hello");
  await runner.emit(
    2,
    { type: "command.begun", command, at: 1 },
    { type: "turn.ended", turn: "p", outcome: "completed", at: 2 },
  );
  await listedOf("teller", ([line]) => line?.status === "idle");
  await session.command(owner, "t", { op: "terminate" });
  await listedOf("teller", ([line]) => line?.lifecycle === "terminated");
});

// A stub does not outlive an abort.
const untold = () => env.COUNTED_SESSION.getByName("untold");
const deaf = async () => (await env.SESSION_INDEX.getByName("deaf").list()).sessions;

test("I1 a change whose object was aborted right after the commit is told when its alarm rings", async () => {
  const owner = { ...OWNER, subject: "deaf" };
  lists.areAway = true;
  await untold().create(owner, { id: "untold" });
  await abortAllDurableObjects();
  lists.areAway = false;
  expect(await deaf()).toEqual([]);
  expect(await runDurableObjectAlarm(untold())).toBe(true);
  expect(await deaf()).toMatchObject([{ id: "untold", status: "idle" }]);

  lists.areAway = true;
  await untold().command(owner, "p", PROMPT);
  await abortAllDurableObjects();
  lists.areAway = false;
  expect(await deaf()).toMatchObject([{ status: "idle", title: null }]);
  expect(await runDurableObjectAlarm(untold())).toBe(true);
  expect(await deaf()).toMatchObject([{ status: "running", title: "hello" }]);
  expect(await alarmOf(untold())).toBeNull();
});

test("I1 a session that is woken by anything tells the list at once", async () => {
  const owner = { ...OWNER, subject: "woken" };
  const session = env.COUNTED_SESSION.getByName("woken");
  lists.areAway = true;
  await session.create(owner, { id: "woken" });
  await evictDurableObject(session);
  lists.areAway = false;
  await session.describe(owner);
  expect(await listedOf("woken", (listed) => listed.length > 0)).toMatchObject([{ id: "woken" }]);
});

test("I2 a list that cannot be told has the alarm set for another attempt", async () => {
  const owner = { ...OWNER, subject: "away" };
  const session = env.COUNTED_SESSION.getByName("away");
  lists.areAway = true;
  await session.create(owner, { id: "away" });
  expect(await runDurableObjectAlarm(session)).toBe(true);
  const again = await alarmOf(session);
  expect(again).toBeGreaterThan(Date.now());
  lists.areAway = false;
  expect(await runDurableObjectAlarm(session)).toBe(true);
  expect(await alarmOf(session)).toBeNull();
  const { sessions } = await env.SESSION_INDEX.getByName("away").list();
  expect(sessions).toMatchObject([{ id: "away" }]);
});
