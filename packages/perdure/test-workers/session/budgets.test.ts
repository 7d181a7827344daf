import { evictDurableObject, runDurableObjectAlarm } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { Peer } from "./peer.ts";
import { OWNER, positionOf } from "./setup.ts";

const STORY = { op: "prompt", parts: [{ type: "text", text: "Tell me a story" }] } as const;

const delta = (text: string) => ({ type: "text-delta", id: "t", delta: text }) as const;

/** The tokens of 1.25 s, each in a frame of its own; the last is recognized when the reader gets it. */
const TOKENS = Array.from({ length: 75 }, (_, index) => delta(index === 74 ? "last" : "word"));

/** A turn of 1,050 tokens, acknowledged 75 by 75 as they are at 60 a second; answers the rows that it cost. */
async function turnOf(id: string, earlier: number) {
  const session = env.COUNTED_SESSION.getByName(id);
  await session.create(OWNER, { id });
  for (let n = 0; n < earlier; n += 1)
    await session.command(OWNER, `m${n}`, { op: "set-meta", patch: { n } });
  const reader = await Peer.reader(session);
  const runner = await Peer.runner(session);
  // What was set for the list when the session was created.
  await runDurableObjectAlarm(session);
  const before = await session.costs();
  const command = positionOf(await session.command(OWNER, "p", STORY));
  await runner.emit(2, { type: "command.begun", command, at: 1 });
  runner.send({ t: "events", epoch: 1, r: 3, e: [{ type: "start", messageId: "m" }] });
  let r = 4;
  for (let flush = 0; flush < 13; flush += 1) {
    for (const token of TOKENS) runner.send({ t: "events", epoch: 1, r: r++, e: [token] });
    await reader.until((frame) => frame === "last");
    await session.flushNow();
    await runner.acknowledged(r - 1);
  }
  for (const token of TOKENS) runner.send({ t: "events", epoch: 1, r: r++, e: [token] });
  await runner.emit(
    r,
    { type: "finish" },
    { type: "turn.ended", turn: "p", outcome: "completed", at: 1 },
  );
  const after = await session.costs();
  const [, message] = await session.getRecentMessages(2);
  return {
    message,
    written: after.written - before.written,
    read: after.read - before.read,
    alarms: after.alarms - before.alarms,
  };
}

test("1,000 tokens at 60 a second through a runner write at most 25 rows, as the platform counts them", async () => {
  const { written, alarms, message } = await turnOf("written", 0);
  expect(message?.parts).toMatchObject([{ text: `${"word".repeat(74)}last`.repeat(14) }]);
  expect({ written, alarms }).toEqual({ written: 20, alarms: 1 });
  // The list, in another object: 3 rows for a line that moves to the front and runs, 1 for its end (directory.test.ts).
  expect(written + alarms + 3 + 1).toBeLessThanOrEqual(25);
}, 60_000);

test("rows read while streaming do not depend on the history, as the platform counts them", async () => {
  const few = await turnOf("few", 10);
  const many = await turnOf("many", 2_000);
  expect(many.read).toBe(few.read);
}, 60_000);

test("a session that wakes, is loaded, resumed and acknowledged writes no row and moves no alarm", async () => {
  const session = env.COUNTED_SESSION.getByName("read");
  await session.create(OWNER, { id: "read" });
  await session.command(OWNER, "p", STORY);
  await evictDurableObject(session);
  const fresh = await Peer.reader(session);
  await Peer.reader(session, 1);
  await Peer.reader(session, 99);
  fresh.send({ t: "ack", d: 2 });
  expect(await session.costs()).toMatchObject({ written: 0, alarms: 0 });
  await evictDurableObject(session);
  fresh.send({ t: "ack", d: 1 });
  await fresh.next("head");
  expect(await session.costs()).toMatchObject({ written: 0, alarms: 0 });
});
