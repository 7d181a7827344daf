import type { Producer } from "../contender.ts";
import type { Measurement, Values } from "../harness.ts";
import { median, quantile, rounds, sleep, spread } from "../harness.ts";
import type { Socket } from "../socket.ts";

/** Pause between two frames: a fast model's pace, three times over. */
const PAUSE_MS = 4;

const MAX_ADDED_MS = 20;

export const relayLatency: Measurement = {
  name: "relay-latency",
  method:
    "A token from a producer's socket to a reader's, both in one process with one clock, one at a time every 4 ms. Perdure: a runner's text delta, numbered, kept and flushed meanwhile. The bare object and the peers forward the frame and store nothing. *Added* is Perdure's quantile less the bare object's in the same round.",
  async run(bench) {
    const contenders = bench.contenders("perdure", "bare", "agents", "partyserver", "node");
    const results = await rounds(contenders, bench.rounds, async (contender) => {
      // New ones each time: a reader that is idle while others are measured would have to catch up first.
      const session = await contender.open();
      const reader = await contender.reader(session, await contender.head(session));
      const producer = await contender.produce(session);
      const times: number[] = [];
      for (let n = 0; n < (bench.isQuick ? 150 : 400); n += 1) {
        times.push(await once(reader, producer));
        await sleep(PAUSE_MS);
      }
      await reader.close();
      await producer.close();
      return {
        p50: quantile(times, 0.5),
        p95: quantile(times, 0.95),
        p99: quantile(times, 0.99),
      };
    });
    return (["p50", "p95", "p99"] as const).map((share) => ({
      title: `runner to browser, ${share}`,
      unit: "ms",
      better: "less" as const,
      values: results[share],
      ...(share === "p95" ? { budgets: [added(results[share])] } : {}),
    }));
  },
};

async function once(reader: Socket, producer: Producer): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<void>();
  reader.onToken = resolve;
  const start = performance.now();
  producer.token("word ");
  await promise;
  return performance.now() - start;
}

function added(values: Values) {
  const differences = (values.perdure ?? []).map(
    (value, round) => value - (values.bare?.[round] ?? Number.NaN),
  );
  return {
    text: `added at p95 ≤ ${MAX_ADDED_MS} ms`,
    measured: spread(differences, "ms"),
    isMet: median(differences) <= MAX_ADDED_MS,
  };
}
