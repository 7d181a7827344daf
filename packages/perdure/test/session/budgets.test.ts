import { expect, test } from "vitest";
import { SessionWorld } from "../support/session-world.ts";

/** A turn of tokens at 60 a second, from its prompt to its end; answers the rows that it wrote. */
async function streamTurn(world: SessionWorld, turn: string, tokens: number): Promise<number> {
  const runner = await world.runner(`process-${turn}`, `spool-${turn}`);
  await world.settle();
  const before = world.sql.counts.written + world.alarms;
  await world.prompt(turn, "Tell me a long story");
  await runner.beginPrompt(turn);
  await runner.emit({ type: "start", messageId: "m" }, { type: "text-start", id: "t" });
  for (let token = 0; token < tokens; token += 1) {
    await runner.text("word");
    world.clock.advance(token % 3 === 0 ? 16 : 17);
  }
  await runner.end(turn);
  world.clock.advance(60_000);
  return world.sql.counts.written + world.alarms - before;
}

test("1,000 tokens at 60 a second through a runner write at most 25 rows, in all tables, with alarms", async () => {
  const world = await SessionWorld.created();
  // The alarm that was set for the list when the session was created.
  await world.ring();
  const written = await streamTurn(world, "p", 1_000);
  // The command, its log row, the title and the prompt's message; begun; a flush each 1.25 s; the end with its message; the alarm.
  expect(written).toBe(4 + 1 + 13 + 2 + 1);
  expect(world.session.info().title).toBe("Tell me a long story");
  // The list, in another object, is told twice: 3 rows for a line that moves to the front and runs, 1 for its end.
  expect(world.listings.slice(1)).toHaveLength(2);
  expect(written + 3 + 1).toBeLessThanOrEqual(25);
});

/** A session with this many earlier events. */
async function withHistory(earlier: number): Promise<SessionWorld> {
  const world = await SessionWorld.created();
  for (let n = 0; n < earlier; n += 1)
    await world.command(`m${n}`, { op: "set-meta", patch: { n } });
  return world;
}

async function rowsReadByStreaming(earlier: number): Promise<number> {
  const world = await withHistory(earlier);
  const { head } = world.session.events(earlier);
  await world.reader(head);
  const dialect = await world.reader(head, "dialect");
  const before = world.sql.counts.read;
  await streamTurn(world, "p", 200);
  if (dialect.texts.length < 4) throw new Error("the dialect reader got nothing");
  return world.sql.counts.read - before;
}

async function rowsReadByLoading(earlier: number): Promise<number> {
  const world = await withHistory(earlier);
  const before = world.sql.counts.read;
  world.evict();
  await world.reader(null);
  return world.sql.counts.read - before;
}

test("rows read while streaming do not depend on the history", async () => {
  const few = await rowsReadByStreaming(10);
  expect(await rowsReadByStreaming(2_000)).toBe(few);
});

test("L12 loading a session reads a number of rows that does not grow with its history", async () => {
  const few = await rowsReadByLoading(10);
  expect(await rowsReadByLoading(1_000)).toBe(few);
});

/** A session with this many finished turns, the next of which always waited when one ended. */
async function withOverlappingTurns(turns: number): Promise<SessionWorld> {
  const world = await SessionWorld.created();
  const runner = await world.runner("process", "spool");
  await world.prompt("p0", "First");
  for (let n = 0; n < turns; n += 1) {
    await runner.beginPrompt(`p${n}`);
    await world.prompt(`p${n + 1}`, "And the next");
    await runner.end(`p${n}`);
  }
  return world;
}

async function rowsReadWhereOneWaits(turns: number): Promise<number> {
  const world = await withOverlappingTurns(turns);
  const before = world.sql.counts.read;
  world.evict();
  const reader = await world.reader(null);
  expect(world.session.state.turns).toMatchObject([{ id: `p${turns}`, state: "queued" }]);
  const read = world.sql.counts.read - before;
  expect(reader.take()[1]).toMatchObject({
    t: "snapshot",
    snapshot: { turns: [{ id: `p${turns}`, state: "queued" }] },
  });
  return read;
}

test("L12 it does not grow either where a prompt always waits when a turn ends", async () => {
  expect(await rowsReadWhereOneWaits(200)).toBe(await rowsReadWhereOneWaits(60));
});
