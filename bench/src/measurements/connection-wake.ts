import { ConnectionContender, countUp } from "../connections.ts";
import type { Measurement } from "../harness.ts";
import { atLeast, quantile, rounds, timed } from "../harness.ts";

/** Users that come after the start, so that the Worker's code is warm when the clock starts. */
const WARM_UP = 10;

export const connectionWake: Measurement = {
  name: "connection-wake",
  method:
    "The server is started anew, so that no object is in memory, and made warm with other users. Then users whose objects have state on disk connect one after another, and send an event that increments it: timed from the connection to the answer, as wakes a second.",
  async run(bench) {
    return ConnectionContender.both(bench.folder, async (contenders) => {
      const users = Array.from({ length: bench.isQuick ? 30 : 100 }, (_, n) => `user-${n}`);
      for (const contender of contenders)
        for (const user of users) await countUp(contender, user, 1, 1);
      let round = 0;
      const { p50, rate } = await rounds(contenders, bench.rounds, async (contender) => {
        await contender.server.stop();
        await contender.server.start();
        round += 1;
        for (let n = 0; n < WARM_UP; n += 1) await countUp(contender, `warm-${round}-${n}`, 1, 1);
        const times: number[] = [];
        for (const user of users) times.push(await timed(() => countUp(contender, user, 1, 1)));
        const middle = quantile(times, 0.5);
        return { p50: middle, rate: 1000 / middle };
      });
      return [
        {
          title: "connection wake, p50",
          unit: "ms",
          better: "less",
          values: p50,
          budgets: [{ ...atLeast(0.9, "bare", rate), text: "≥ 0.9 × bare, as wakes a second" }],
        },
      ];
    });
  },
};
