import type { Measurement } from "../harness.ts";
import { rounds, sleep, spread, timed } from "../harness.ts";
import type { Question } from "../shards.ts";
import { Audience, ShardContender } from "../shards.ts";

const FOLLOWERS = 1_000;
const OWN_TASKS = 20;

/** workerd takes an object out of memory when nothing has happened to it for ten seconds. */
const HIBERNATES_AFTER_MS = 12_000;

/** Rounds that count, at most: in each one waits. */
const ROUNDS = 3;

export const shardWake: Measurement = {
  name: "shard-wake",
  method:
    "1,000 sockets each follow the 20 tasks of another person, and nothing happens until the runtime has taken the object out of memory (checked by counting constructors) with all sockets open. Then a mutation wakes it that writes into a table which nobody follows: timed until it is answered and all that is sent has arrived. Runs are those of query handlers, counted in the Worker from before the mutation until after it.",
  async run(bench) {
    return ShardContender.both(bench.folder, async (contenders) => {
      const audiences = new Map<ShardContender, { audience: Audience; usedAt: number }>();
      for (const contender of contenders) {
        await contender.seed("wake", FOLLOWERS * OWN_TASKS, FOLLOWERS);
        const questions = Array.from({ length: FOLLOWERS }, (_, n): Question => [
          "mine",
          { assignee: `person-${n}` },
        ]);
        const audience = await Audience.open(contender, "wake", questions);
        audiences.set(contender, { audience, usedAt: performance.now() });
      }
      const count = Math.min(bench.rounds, ROUNDS);
      const { ms, runs } = await rounds(contenders, count, async (contender) => {
        const one = audiences.get(contender);
        if (one === undefined) throw new Error(`${contender.name} has no followers.`);
        await sleep(Math.max(0, one.usedAt + HIBERNATES_AFTER_MS - performance.now()));
        const before = await contender.counted();
        const frames = contender.name === "bare" ? FOLLOWERS : 0;
        const ms = await timed(() => one.audience.mutate(["visit", { page: "help" }], frames));
        const after = await contender.counted();
        one.usedAt = performance.now();
        if (after.loads !== before.loads + 1)
          throw new Error(`The object of ${contender.name} was not out of memory.`);
        return { ms, runs: after.runs - before.runs };
      });
      for (const { audience } of audiences.values()) await audience.close();
      const own = runs.perdure ?? [];
      return [
        {
          title: "wake with 1,000 subscriptions",
          unit: "ms",
          better: "less",
          values: ms,
        },
        {
          title: "wake with 1,000 subscriptions: queries that ran again",
          unit: "runs",
          better: "less",
          values: runs,
          budgets: [
            { text: "0", measured: spread(own, "runs", 0), isMet: own.every((one) => one === 0) },
          ],
        },
      ];
    });
  },
};
