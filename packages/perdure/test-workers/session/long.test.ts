import { evictDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeAll, expect, test } from "vitest";
import { Peer } from "./peer.ts";
import { OWNER, PROMPT, valueOf } from "./setup.ts";

/** Two messages a turn. */
const TURNS = 50_000;

/** Events of one turn. */
const EVENTS = 8;

const long = env.LONG_SESSION.getByName("long");
const short = env.LONG_SESSION.getByName("short");

type Long = typeof long;

beforeAll(async () => {
  for (const [stub, id, turns] of [
    [short, "short", 200],
    [long, "long", TURNS],
  ] as const) {
    valueOf(await stub.create(OWNER, { id }));
    await stub.seed(turns);
  }
}, 600_000);

/** Rows that something reads, from the wake-up of the object on. */
async function readBy<T>(stub: Long, work: () => Promise<T>): Promise<number> {
  await evictDurableObject(stub);
  await work();
  return (await stub.rows()).read;
}

/** Rows that something reads in an object that is awake. */
async function readMore(stub: Long, work: () => Promise<unknown>): Promise<number> {
  const { read } = await stub.rows();
  await work();
  return (await stub.rows()).read - read;
}

const positionOf = (turn: number) => 2 + (turn - 1) * EVENTS;

test("D11 the session has its 100,000 messages, in order, with tool calls and results", async () => {
  const [first] = await long.getRecentMessages(1, positionOf(1) + 1);
  expect(first).toMatchObject({ id: "t1", position: positionOf(1) });
  expect(await long.getRecentMessages(2)).toMatchObject([
    { id: `t${TURNS}`, position: positionOf(TURNS) },
    {
      id: `t${TURNS}-reply`,
      parts: [{ text: `answer ${TURNS}` }, { type: "tool-read", output: `text ${TURNS}` }],
    },
  ]);
});

/** Rows that a new reader's whole welcome reads. */
const open = (stub: Long) => readBy(stub, () => Peer.reader(stub));

test("L12 D11 waking and opening at the tail read as many rows with 100,000 messages as with 400", async () => {
  const few = await open(short);
  const many = await open(long);
  expect(many).toBe(few);
  // What wakes an object, and a page of 50 messages with one to see whether there are more.
  expect(few).toBeLessThan(200);
});

test("D11 paging back reads one row more than the page has messages, also at the beginning", async () => {
  for (const before of [undefined, positionOf(TURNS / 2), positionOf(60)]) {
    expect(await readMore(long, () => long.getRecentMessages(50, before))).toBe(51);
    expect(
      await readMore(long, () =>
        long.messages(OWNER, { limit: 20, ...(before === undefined ? {} : { before }) }),
      ),
    ).toBe(21);
  }
});

test("D11 a message by its position reads one row", async () => {
  expect(await readMore(long, () => long.getMessage(positionOf(TURNS / 2)))).toBe(1);
});

test("D13 of 100,000 messages one is found by its id with three rows, and an unknown id costs one, once the places are read", async () => {
  expect(await readMore(long, () => long.getMessage("nobody"))).toBeGreaterThan(2 * TURNS);
  expect(await readMore(long, () => long.getMessage("nobody"))).toBeLessThanOrEqual(1);
  const reply = `t${TURNS / 2}-reply`;
  expect(await readMore(long, () => long.getMessage(reply))).toBeLessThanOrEqual(3);
  expect(await long.getMessage(reply)).toMatchObject({ id: reply });
});

test("R2 resuming reads rows in proportion to what was missed", async () => {
  const head = positionOf(TURNS) + EVENTS - 1;
  const missed = (turns: number) => readMore(long, () => Peer.reader(long, head - turns * EVENTS));
  const [none, ten, hundred] = [await missed(0), await missed(10), await missed(100)];
  expect(none).toBeLessThanOrEqual(1);
  // A row of the log each, and the rest of a query's eight.
  expect(ten).toBeLessThanOrEqual(10 + 8);
  expect(hundred).toBeLessThanOrEqual(100 + 8);
});

test("a page of events in the middle of the log reads as many rows as one at its end", async () => {
  const middle = positionOf(TURNS / 2);
  const page = valueOf(await long.events(OWNER, middle));
  const rows = await readMore(long, () => long.events(OWNER, middle));
  expect(rows).toBeLessThanOrEqual((page.next - middle) / EVENTS + 8);
});

test("the description, metadata, tasks and approvals read a few rows, and a prompt too", async () => {
  for (const work of [
    () => long.describe(OWNER),
    () => long.getSessionMeta(),
    () => long.listTasks(),
    () => long.approvals(OWNER),
    () => long.command(OWNER, "new prompt", PROMPT),
  ])
    expect(await readMore(long, work)).toBeLessThanOrEqual(20);
});
