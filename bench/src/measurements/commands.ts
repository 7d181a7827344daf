import { entriesPerSecond } from "../entries.ts";
import type { Figure, Measurement } from "../harness.ts";
import { atLeast, rounds } from "../harness.ts";

const SHAPES = [
  { inFlight: 1, count: 1_000, share: 0.9 },
  { inFlight: 50, count: 6_000, share: 3 },
];

export const commands: Measurement = {
  name: "commands",
  method:
    "Commands acknowledged as durable, with 1 and with 50 under way, spread over as many sockets as Perdure's rate limit takes, the same number for all. Perdure: `set-meta`, checked, deduplicated by id, an event, the metadata and a stored reply (three rows for one that is alone; of a batch all events are one row, and so are all values of a key). The bare object inserts one row and replies, one by one, and remembers no id.",
  remarks: {
    agents: "a row through `this.sql` in `onMessage`, which costs less than `@callable`; no ids",
    partyserver: "a row in `onMessage`; no ids",
    node: "a row; a transaction for what arrives in one turn of the event loop",
  },
  async run(bench) {
    const contenders = bench.contenders("perdure", "bare", "agents", "partyserver", "node");
    const figures: Figure[] = [];
    for (const { inFlight, count, share } of SHAPES) {
      const { rate } = await rounds(contenders, bench.rounds, async (contender) => ({
        rate: await entriesPerSecond(contender, await contender.open(), {
          count: bench.isQuick ? count / 2 : count,
          inFlight,
        }),
      }));
      figures.push({
        title: `commands, ${inFlight} in flight`,
        unit: "commands/s",
        better: "more",
        values: rate,
        budgets: [atLeast(share, "bare", rate)],
      });
    }
    return figures;
  },
};
