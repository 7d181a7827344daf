import { SessionClient } from "perdure/client";
import type { SessionEvent, SessionState } from "perdure/protocol";
import { EMPTY_STATE, isControl, reduce } from "perdure/protocol";
import { afterAll, beforeAll, expect, test } from "vitest";
import { WebSocket } from "ws";
import { startServerWithDoors } from "../support/doors.ts";
import type { Reading } from "../support/raw-reader.ts";
import { canonical, readFrom, stateAfter } from "../support/raw-reader.ts";
import { Scene } from "../support/scene.ts";
import { until } from "../support/until.ts";

const SESSION = "long";

/**
 * Text in runs and at a pace that is flushed in mid-run, thoughts, plans, tools with approvals, a failure, unknown updates;
 * and at which event of the turn a client goes away.
 */
const TURNS = [
  { prompt: "think tokens=60 rate=0", leaveAt: "command.begun" },
  { prompt: "plan ask=3", leaveAt: "approval.requested" },
  { prompt: "tokens=100 rate=60 think", leaveAt: "reasoning-delta" },
  { prompt: "fail", leaveAt: "turn.ended" },
  { prompt: "unknown usage tokens=40 rate=0", leaveAt: "start" },
] as const;

/** A turn that is open when readers come: its question waits. */
const OPEN_PROMPT = "tokens=20 rate=0 plan ask=1";

/** Sockets that connect at the same time. */
const AT_ONCE = 8;

/** Of all cursors a client starts at every so many. */
const SAMPLE = 29;

const scene = new Scene();
let server: Awaited<ReturnType<typeof startServerWithDoors>>;
let token = "";
/** All events, and the state after each: `states[N]` is that of a reader whose cursor is N. */
let log: readonly SessionEvent[] = [];
let states: readonly SessionState[] = [];
const leavers: SessionClient[] = [];

beforeAll(async () => {
  server = await startServerWithDoors(scene);
  await scene.startRunner(server, SESSION);
  token = await scene.token();
  const director = connect(0);
  for (const { prompt, leaveAt } of TURNS) {
    const leaver = await connectUntil(leaveAt);
    await director.send(prompt);
    await until(`"${prompt}" has ended`, () => answerAll(director));
    await until(`a client left at ${leaveAt}`, () => leaver.getState().link === "closed");
  }
  await director.send(OPEN_PROMPT);
  await until("the last question is asked", () =>
    director.getState().session?.approvals.some(({ state }) => state === "pending"),
  );
  director.close();
  log = (await read(0)).events;
  states = statesOf(log);
});

afterAll(async () => {
  for (const client of leavers) client.close();
  await scene.end();
});

const read = (after: number | null) =>
  readFrom({ url: server.url, session: SESSION, token }, after);

function connect(after: number | null): SessionClient {
  const client = new SessionClient({ url: server.url, session: SESSION, token, after, WebSocket });
  client.connect();
  return client;
}

/** A client that goes away at the next event of a kind, to come back later. */
async function connectUntil(type: SessionEvent["type"]): Promise<SessionClient> {
  const client = connect(null);
  leavers.push(client);
  await until("it is live", () => client.getState().link === "live");
  const stop = client.on("event", (event) => {
    if (event.type !== type) return;
    stop();
    client.close();
  });
  return client;
}

/** Accepts the first question, rejects the second, and so on; answers whether the turn has ended. */
async function answerAll(client: SessionClient): Promise<boolean> {
  const { turns = [{}], approvals = [] } = client.getState().session ?? {};
  for (const [index, { approval, options, state }] of approvals.entries()) {
    const wanted = index % 2 === 0 ? "allow_once" : "reject_once";
    const option = options.find(({ kind }) => kind === wanted)?.id ?? "";
    if (state === "pending") await client.approve(approval, option);
  }
  return turns.length === 0;
}

function statesOf(events: readonly SessionEvent[]): readonly SessionState[] {
  const found = [EMPTY_STATE];
  let state = EMPTY_STATE;
  for (const event of events) {
    state = reduce(state, event, state.position + 1);
    found.push(state);
  }
  return found;
}

/** What each cursor reads, in order. */
async function readAll(cursors: readonly number[]): Promise<readonly Reading[]> {
  const readings: Reading[] = [];
  for (let start = 0; start < cursors.length; start += AT_ONCE)
    readings.push(...(await Promise.all(cursors.slice(start, start + AT_ONCE).map(read))));
  return readings;
}

const range = (from: number, to: number) =>
  Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => from + index);

test("the session holds every kind of thing that a reader may be cut off in", () => {
  const types = new Set(log.map(({ type }) => type));
  for (const type of [
    "reasoning-delta",
    "text-delta",
    "tool-output-available",
    "tasks.changed",
    "approval.decided",
    "turn.ended",
  ])
    expect(types).toContain(type);
  expect(
    log.filter((event) => isControl(event) && event.type === "approval.requested"),
  ).toHaveLength(4);
  expect(states.at(-1)?.approvals).toMatchObject([{ state: "pending" }]);
});

test("R2, R3 from every cursor, also inside a run, a reader ends with what a fresh load has", async () => {
  const fresh = stateAfter(EMPTY_STATE, await read(null));
  const head = log.length;
  expect(fresh.position).toBe(head);
  const readings = await readAll(range(0, head));
  for (const [after, reading] of readings.entries()) {
    expect([after, reading.reset, reading.head]).toEqual([after, undefined, head]);
    expect(JSON.stringify(reading.events)).toBe(JSON.stringify(log.slice(after)));
    const before = states[after] ?? EMPTY_STATE;
    expect(canonical(stateAfter(before, reading))).toBe(canonical(fresh));
  }
});

test("R22 a client that starts at a cursor is told exactly the events after it", async () => {
  for (const after of range(0, log.length).filter((cursor) => cursor % SAMPLE === 0)) {
    const client = connect(after);
    const told: (readonly [SessionEvent, number])[] = [];
    client.on("event", (event, position) => told.push([event, position]));
    await until("it is live", () => client.getState().link === "live");
    client.close();
    expect(JSON.stringify(told)).toBe(
      JSON.stringify(log.slice(after).map((event, index) => [event, after + index + 1])),
    );
  }
});

test("R22 a client that left in mid-turn and comes back ends with what a fresh client has", async () => {
  const fresh = connect(null);
  await until("it is live", () => fresh.getState().link === "live");
  fresh.close();
  const cursors = leavers.map((client) => client.getState().cursor);
  expect(new Set(cursors).size).toBe(TURNS.length);
  for (const client of leavers.slice(1)) {
    const told: number[] = [];
    const { cursor } = client.getState();
    client.on("event", (_event, position) => told.push(position));
    client.connect();
    await until("it is back", () => client.getState().link === "live");
    client.close();
    expect(told).toEqual(range(cursor + 1, log.length));
    expect(canonical(client.getState().session)).toBe(canonical(fresh.getState().session));
  }
});

test("R5 past the head a reader is reset to what a fresh load has", async () => {
  const fresh = canonical(stateAfter(EMPTY_STATE, await read(null)));
  for (const reading of await readAll([
    log.length + 1,
    log.length + 1_000,
    Number.MAX_SAFE_INTEGER,
  ])) {
    expect(reading.reset?.why).toBe("reset");
    expect(canonical(stateAfter(EMPTY_STATE, reading))).toBe(fresh);
  }
});

test("R5 after retention every cursor below the floor is reset, and every other one served as before", async () => {
  const floor = await server.trim(SESSION, log.length);
  expect(floor).toBeGreaterThan(100);
  expect(floor).toBeLessThan(log.length);
  const fresh = canonical(stateAfter(EMPTY_STATE, await read(null)));
  expect(fresh).toBe(canonical(states.at(-1)));
  const readings = await readAll(range(0, log.length));
  for (const [after, reading] of readings.entries()) {
    expect([after, reading.reset?.why]).toEqual([after, after < floor ? "reset" : undefined]);
    expect(canonical(stateAfter(states[after] ?? EMPTY_STATE, reading))).toBe(fresh);
    expect(JSON.stringify(reading.events)).toBe(JSON.stringify(log.slice(reading.from - 1)));
  }
});

test("R5 a client that retention has passed while it was away is told of the reset, and has all", async () => {
  const [client] = leavers;
  if (client === undefined) throw new Error("Nobody left.");
  let resets = 0;
  client.on("reset", () => (resets += 1));
  client.connect();
  await until("it is back", () => client.getState().link === "live");
  expect(resets).toBe(1);
  expect(canonical(client.getState().session)).toBe(canonical(states.at(-1)));
});
