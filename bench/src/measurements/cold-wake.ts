import type { Contender, Session } from "../contender.ts";
import { BODY } from "../entries.ts";
import type { Measurement } from "../harness.ts";
import { quantile, rounds, timed } from "../harness.ts";

/** Entries of each session that is woken. */
const ENTRIES = 100;

/** Sessions that are made after the start, so that the Worker's code is warm when the clock starts. */
const WARM_UP = 10;

export const coldWake: Measurement = {
  name: "cold-wake",
  method:
    "The server is started anew, so that no object is in memory, and made warm with other sessions. Then sessions of 100 entries are asked for their head, one after the other, over HTTP: each request loads an object from disk. Node has its databases open in one process and no such thing.",
  remarks: { node: "no equivalent: opens the file, keeps it open" },
  async run(bench) {
    const contenders = bench.contenders("perdure", "bare", "agents", "partyserver");
    const sessions = new Map<Contender, readonly Session[]>();
    for (const contender of contenders)
      sessions.set(contender, await makeSessions(contender, bench.isQuick ? 30 : 100));
    const results = await rounds(contenders, bench.rounds, async (contender) => {
      await contender.server.stop();
      await contender.server.start();
      await makeSessions(contender, WARM_UP);
      const times: number[] = [];
      for (const session of sessions.get(contender) ?? [])
        times.push(await timed(() => contender.head(session)));
      return { p50: quantile(times, 0.5), p99: quantile(times, 0.99) };
    });
    return (["p50", "p99"] as const).map((share) => ({
      title: `cold wake, ${share}`,
      unit: "ms",
      better: "less" as const,
      values: results[share],
    }));
  },
};

async function makeSessions(contender: Contender, count: number): Promise<readonly Session[]> {
  const sessions: Session[] = [];
  for (let n = 0; n < count; n += 1) {
    const session = await contender.open();
    await contender.fill(session, ENTRIES, BODY);
    sessions.push(session);
  }
  return sessions;
}
