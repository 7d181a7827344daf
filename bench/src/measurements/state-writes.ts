import { ConnectionContender, countUp } from "../connections.ts";
import type { Figure, Measurement } from "../harness.ts";
import { atLeast, rounds, timed } from "../harness.ts";

export const stateWrites: Measurement = {
  name: "state-writes",
  method:
    "A socket sends events whose handler increments one persisted key and answers with it, one at a time and with 50 under way. Perdure: `ctx.state.count += 1`, with a handler's transaction and roll-back. The hand-written object increments a field, calls `storage.kv.put`, and answers.",
  async run(bench) {
    return ConnectionContender.both(bench.folder, async (contenders) => {
      const figures: Figure[] = [];
      for (const inFlight of [1, 50]) {
        const events = (bench.isQuick ? 200 : 600) * (inFlight === 1 ? 1 : 3);
        const { rate } = await rounds(contenders, bench.rounds, async (contender) => ({
          rate: (events / (await timed(() => countUp(contender, "ada", events, inFlight)))) * 1000,
        }));
        figures.push({
          title: `state writes, ${inFlight} in flight`,
          unit: "events/s",
          better: "more",
          values: rate,
          budgets: [atLeast(0.9, "bare", rate)],
        });
      }
      return figures;
    });
  },
};
