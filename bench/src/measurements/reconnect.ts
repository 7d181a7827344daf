import type { Contender, Session } from "../contender.ts";
import type { Figure, Measurement } from "../harness.ts";
import { median, rounds } from "../harness.ts";

const TOKEN = "word ";
const TURNS = 10;
const TOKENS_PER_TURN = 1_000;

/** Each value is the median of so many connections. */
const CONNECTIONS = 7;

export const reconnect: Measurement = {
  name: "reconnect",
  method:
    "A reader that has missed 10, 1,000 or 10,000 events connects, says where it stands and is told that it is live: time from the first byte of the connection, and payload bytes that it got. The history is ten turns of 1,000 five-character tokens. The bare object sends rows, 1,000 a frame.",
  remarks: {
    agents:
      "its durable streams, packed by ten, read in batches of 1,000 tokens from a cursor; one stream, no turns",
    partyserver: "no equivalent: no history, no cursor",
    node: "rows, 1,000 a frame",
  },
  async run(bench) {
    const contenders = bench.contenders("perdure", "bare", "agents", "node");
    const sessions = new Map<Contender, { session: Session; head: number }>();
    for (const contender of contenders) {
      const session = await contender.open();
      const head = await contender.wire.fillTokens(contender, session, {
        turns: TURNS,
        tokens: TOKENS_PER_TURN,
        text: TOKEN,
      });
      sessions.set(contender, { session, head });
    }
    const figures: Figure[] = [];
    for (const missed of [10, 1_000, 10_000]) {
      const { ms, bytes } = await rounds(contenders, bench.rounds, async (contender) => {
        const known = sessions.get(contender);
        if (known === undefined) throw new Error(`${contender.name} has no session.`);
        return resume(contender, known.session, Math.max(0, known.head - missed));
      });
      const title = `reconnect, ${missed.toLocaleString("en")} missed`;
      figures.push(
        { title: `${title}: time until live`, unit: "ms", better: "less", values: ms },
        { title: `${title}: bytes`, unit: "bytes", better: "less", values: bytes },
      );
    }
    return figures;
  },
};

async function resume(
  contender: Contender,
  session: Session,
  after: number,
): Promise<{ readonly ms: number; readonly bytes: number }> {
  const times: number[] = [];
  let bytes = 0;
  for (let n = 0; n < CONNECTIONS; n += 1) {
    const start = performance.now();
    const reader = await contender.reader(session, after);
    times.push(performance.now() - start);
    ({ bytes } = reader);
    await reader.close();
  }
  return { ms: median(times), bytes };
}
