import { expect, test } from "vitest";
import { SessionWorld } from "../support/session-world.ts";

/** A session whose messages are indexed, with one answer for each text, to prompts `p1`, `p2`, … */
async function searchable(...answers: readonly string[]): Promise<SessionWorld> {
  const world = await SessionWorld.created();
  world.isSearchable = true;
  world.evict();
  await say(world, answers);
  return world;
}

async function say(world: SessionWorld, answers: readonly string[], prefix = "p"): Promise<void> {
  const runner = await world.runner(`process-${prefix}`, `spool-${prefix}`);
  for (const [index, answer] of answers.entries()) {
    const turn = `${prefix}${index + 1}`;
    await world.prompt(turn, `question ${index + 1}`);
    await runner.answer(turn, answer);
  }
}

/** Rows that a prompt and an answer without text write. */
async function costOf(world: SessionWorld): Promise<number> {
  const runner = await world.runner();
  const { written } = world.sql.counts;
  await world.prompt("p", "tea");
  await runner.beginPrompt("p");
  await runner.emit({ type: "start", messageId: "m" }, { type: "data-x", data: 1 });
  await runner.end("p");
  return world.sql.counts.written - written;
}

const found = (world: SessionWorld, query: string) =>
  world.session.history.search(query).messages.map(({ message }) => message.id);

test("D9 messages are found by all words of a query, newest first, whatever the case and accents", async () => {
  const world = await searchable("The Café opens at nine", "A cafe, and tea", "Nothing");
  expect(found(world, "cafe")).toEqual(["p2-reply", "p1-reply"]);
  expect(found(world, "CAFÉ nine")).toEqual(["p1-reply"]);
  expect(found(world, "question")).toEqual(["p3", "p2", "p1"]);
  expect(found(world, "caf*")).toEqual(["p2-reply", "p1-reply"]);
  expect(found(world, "absent")).toEqual([]);
});

test.for([
  ['"', []],
  ["'", []],
  ["*", []],
  ["(", []],
  ["", []],
  ["   ", []],
  ["!!! ???", []],
  ["tea AND", ["p1-reply"]],
  ["tea OR coffee", []],
  ["NOT tea", []],
  ["NEAR(tea, 2)", []],
  ["text:tea", []],
  ["tea -cafe", ["p1-reply"]],
  ["{tea}", ["p1-reply"]],
  ["^tea", ["p1-reply"]],
  ['"tea"', ["p1-reply"]],
  ['te"a', []],
  ["tea\0cafe", ["p1-reply"]],
  ["; DROP TABLE messages", []],
] as const)("D9 no character of a query is an operator: %j", async ([query, expected]) => {
  const world = await searchable("a cafe, and tea");
  expect(found(world, query)).toEqual(expected);
  expect(found(world, "question")).toEqual(["p1"]);
});

test("D9 a query that is too long, or no text, is refused", async () => {
  const world = await searchable("tea");
  expect(() => world.session.history.search("x".repeat(1_001))).toThrow("at most 1000");
  expect(() => world.session.history.search(7 as never)).toThrow("A query is text");
});

test("D9 results go on from page to page", async () => {
  const world = await searchable("tea one", "tea two", "tea three");
  const first = world.session.history.search("tea", { limit: 2 });
  expect(first.messages.map(({ message }) => message.id)).toEqual(["p3-reply", "p2-reply"]);
  const second = world.session.history.search("tea", { limit: 2, before: first.next ?? 0 });
  expect(second.messages.map(({ message }) => message.id)).toEqual(["p1-reply"]);
  expect([first.isComplete, second.next]).toEqual([true, null]);
});

test("D9 a message with text costs one row more, and one without costs none", async () => {
  const [plain, indexed] = [await SessionWorld.created(), await searchable()];
  expect((await costOf(indexed)) - (await costOf(plain))).toBe(1);
});

test("D10 where the index is off, searching says what to do", async () => {
  const world = await SessionWorld.created();
  expect(() => world.session.history.search("tea")).toThrow("static searchable = true");
});

test("D10 switched on later, the index is built in steps of 100 messages, newest first, across evictions", async () => {
  const world = await SessionWorld.created();
  await say(
    world,
    Array.from({ length: 130 }, (_, n) => (n === 0 ? "first tea" : n === 129 ? "last tea" : "x")),
  );
  world.isSearchable = true;
  world.evict();
  expect(found(world, "tea")).toEqual([]);
  expect(world.session.history.search("tea").isComplete).toBe(false);
  await world.ring();
  expect(found(world, "tea")).toEqual(["p130-reply"]);
  await world.prompt("new", "new tea");
  world.evict();
  for (let step = 0; step < 3; step += 1) {
    world.clock.advance(1);
    await world.ring();
  }
  expect(found(world, "tea")).toEqual(["new", "p130-reply", "p1-reply"]);
  expect(world.session.history.search("tea").isComplete).toBe(true);
  expect(world.dueAt("perdure:search")).toBeUndefined();
});

test("D10 switched off, the index is dropped; switched on again, it is built of everything", async () => {
  const world = await searchable("tea");
  world.isSearchable = false;
  world.evict();
  expect(world.sql.run("SELECT name FROM sqlite_master WHERE name LIKE 'message_text%'")).toEqual(
    [],
  );
  await say(world, ["tea while it was off"], "q");
  world.isSearchable = true;
  world.evict();
  await world.ring();
  world.clock.advance(1);
  await world.ring();
  expect(found(world, "tea")).toHaveLength(2);
});
