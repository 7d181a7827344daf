import { SessionClient } from "perdure/client";
import { textOf } from "perdure/protocol";
import { afterAll, beforeAll, expect, test } from "vitest";
import { demoText } from "../../src/demo-agent/text.ts";
import type { Costs } from "../support/costs.ts";
import { startServerWithDoors } from "../support/doors.ts";
import { recordSockets } from "../support/recorded-sockets.ts";
import { Scene } from "../support/scene.ts";
import { until } from "../support/until.ts";

const TOKENS = 1_000;
const PROMPT = `tokens=${TOKENS} rate=60`;
const TEXT = demoText(PROMPT, TOKENS);

/** What a turn may cost, in rows: all tables and alarms, with the session's line in the list. */
const BUDGET_ROWS = 25;

/** A flush more or less is a matter of the clock; what grows with the history grows by thousands. */
const READS_OF_CHANCE = 16;

/** Of a WebSocket frame that a server sends, up to 64 KiB of payload (RFC 6455 §5.2). */
const LONGEST_FRAME_HEADER_BYTES = 4;

const scene = new Scene();
let server: Awaited<ReturnType<typeof startServerWithDoors>>;
let few: Turn;
let many: Turn;

/** What a turn of 1,000 tokens at 60 a second has cost. */
interface Turn {
  readonly text: string;
  readonly session: Costs;
  /** The list is another object, and both sessions have a line in it. */
  readonly list: Costs;
  /** Bytes that one reader was sent. */
  readonly wire: number;
}

beforeAll(async () => {
  server = await startServerWithDoors(scene);
  [few, many] = await Promise.all([streamTurn("few", 10), streamTurn("many", 5_000)]);
});

afterAll(() => scene.end());

/** Streams a turn through a runner into a session with so many earlier events, before a reader's eyes. */
async function streamTurn(session: string, earlier: number): Promise<Turn> {
  await scene.startRunner(server, session);
  await server.fill(session, earlier);
  const { WebSocket, connections } = recordSockets();
  const token = await scene.token();
  const client = new SessionClient({ url: server.url, session, token, WebSocket });
  client.connect();
  await until("the reader is there", () => client.getState().link === "live");
  const received = () => connections.flatMap((connection) => connection.received);
  const greeting = received().length;
  const before = await server.costs(session);
  await client.send(PROMPT);
  const text = await until(
    "the turn has ended",
    () => {
      const { turns, messages } = client.getState().session ?? { turns: [], messages: [] };
      const last = messages.at(-1)?.message;
      return turns.length === 0 && last?.role === "assistant" ? textOf(last) : undefined;
    },
    60_000,
  );
  client.close();
  const after = await server.costs(session);
  const wire = received()
    .slice(greeting)
    .reduce((sum, frame) => sum + Buffer.byteLength(frame) + LONGEST_FRAME_HEADER_BYTES, 0);
  return {
    text,
    wire,
    session: difference(after.session, before.session),
    list: difference(after.list, before.list),
  };
}

function difference(after: Costs, before: Costs): Costs {
  return {
    read: after.read - before.read,
    written: after.written - before.written,
    alarms: after.alarms - before.alarms,
  };
}

const rowsWritten = ({ written, alarms }: Costs) => written + alarms;

test("1,000 tokens at 60 a second through a runner arrive whole", () => {
  expect([few.text, many.text]).toEqual([TEXT, TEXT]);
});

test("they write at most 25 rows in all tables, with alarms and the list, as the platform counts them", () => {
  console.log(
    `Rows of a turn: ${JSON.stringify({ few, many }, (key, value: unknown) => (key === "text" ? undefined : value))}`,
  );
  // The list was written for both turns while each ran.
  const list = Math.max(rowsWritten(few.list), rowsWritten(many.list));
  expect(rowsWritten(few.session)).toBeGreaterThan(0);
  expect(rowsWritten(few.session) + rowsWritten(many.session) + list).toBeLessThanOrEqual(
    2 * BUDGET_ROWS,
  );
});

test("the rows that they read do not depend on the history: 10 or 5,000 events", () => {
  expect(Math.abs(many.session.read - few.session.read)).toBeLessThanOrEqual(READS_OF_CHANCE);
});

test("the wire to one reader is at most 4 times their text, headers of frames included", () => {
  for (const { wire } of [few, many]) {
    expect(wire).toBeGreaterThan(TEXT.length);
    expect(wire).toBeLessThanOrEqual(4 * TEXT.length);
  }
});
