import type { Contender, ContenderName } from "../contender.ts";
import type { Measurement } from "../harness.ts";
import { sleep } from "../harness.ts";

const TOKENS = 1_000;
const TOKENS_PER_SECOND = 60;
const TOKEN = "word";

const MAX_ROWS = 25;
const MAX_WIRE_FACTOR = 4;

/** Rows that a turn causes in other objects may come after its acknowledgement; this long without one is the end. */
const QUIET_MS = 1_000;

export const tokenCost: Measurement = {
  name: "token-cost",
  method:
    "Counted, not timed: one turn of 1,000 four-character tokens at 60 a second, with one reader, from the prompt to the end of the turn. *Rows*: rows written in SQLite, keys, and calls that move the alarm, as they are billed, Perdure's list of sessions included. *Wire*: bytes to the reader with the headers of the frames. The bare object stores each token as a row and shows it with its position.",
  remarks: {
    agents:
      "its durable streams, packed by ten as its guide recommends; to the reader its chat protocol's frame, a token each",
    partyserver: "no equivalent: the author writes both",
    node: "not counted: nobody bills its rows",
  },
  async run(bench) {
    const contenders = bench.contenders("perdure", "bare", "agents");
    // Nothing is timed, so they may stream side by side.
    const costs = await Promise.all(contenders.map(streamOneTurn));
    const of = (key: "rows" | "bytes"): Partial<Record<ContenderName, number[]>> =>
      Object.fromEntries(costs.map((cost) => [cost.name, [cost[key]]]));
    const perdure = costs.find(({ name }) => name === "perdure");
    const { rows = Number.NaN, bytes = Number.NaN } = perdure ?? {};
    const factor = bytes / (TOKENS * TOKEN.length);
    return [
      {
        title: "rows written per 1,000 tokens",
        unit: "rows",
        better: "less",
        values: of("rows"),
        budgets: [{ text: `≤ ${MAX_ROWS}`, measured: String(rows), isMet: rows <= MAX_ROWS }],
      },
      {
        title: "wire to one browser per 1,000 tokens",
        unit: "bytes",
        better: "less",
        values: of("bytes"),
        budgets: [
          {
            text: `≤ ${MAX_WIRE_FACTOR} × the text`,
            measured: `${factor.toFixed(2)} ×`,
            isMet: factor <= MAX_WIRE_FACTOR,
          },
        ],
      },
    ];
  },
};

async function streamOneTurn(contender: Contender) {
  const session = await contender.open({ isCounted: true });
  const reader = await contender.reader(session, await contender.head(session));
  let before = { rows: 0, bytes: 0 };
  const producer = await contender.produce(session, async () => {
    before = { rows: await quietCount(contender, session), bytes: reader.wireBytes };
  });
  const start = performance.now();
  for (let n = 1; n <= TOKENS; n += 1) {
    producer.storedToken(TOKEN, n === TOKENS);
    await sleep(Math.max(0, start + (n * 1000) / TOKENS_PER_SECOND - performance.now()));
  }
  await producer.settled();
  const rows = (await quietCount(contender, session)) - before.rows;
  const bytes = reader.wireBytes - before.bytes;
  await reader.close();
  await producer.close();
  return { name: contender.name, rows, bytes };
}

/** What was written, once nothing more is being written. */
async function quietCount(
  contender: Contender,
  session: Parameters<Contender["written"]>[0],
): Promise<number> {
  let count = await contender.written(session);
  for (;;) {
    await sleep(QUIET_MS);
    const again = await contender.written(session);
    if (again === count) return count;
    count = again;
  }
}
