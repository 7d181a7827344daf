import type { Budget, Figure, Measurement } from "../harness.ts";
import { atLeast, median, rounds, spread, timed } from "../harness.ts";
import type { Question } from "../shards.ts";
import { Audience, ShardContender } from "../shards.ts";

/** Tasks on a board, and of each person. */
const BOARD_TASKS = 200;
const OWN_TASKS = 20;

/** A result that is as large as results may be in practice, and those who follow it. */
const LARGE_TASKS = 10_000;
const LARGE_FOLLOWERS = 10;

/** Bytes to each client when one of its 10,000 rows has changed. */
const BUDGET_BYTES = 1_000;

/** What followers follow. */
interface Crowd {
  readonly title: string;
  readonly tasks: (followers: number) => number;
  readonly people: (followers: number) => number;
  readonly question: (follower: number) => Question;
  /** Followers whose result a renamed task is in. */
  readonly concerned: (followers: number) => number;
}

const CROWDS: readonly Crowd[] = [
  {
    title: "the same query",
    tasks: () => BOARD_TASKS,
    people: () => 10,
    question: () => ["board", { board: "team" }],
    concerned: (followers) => followers,
  },
  {
    title: "a query each, one of them changed",
    tasks: (followers) => OWN_TASKS * followers,
    people: (followers) => followers,
    question: (follower) => ["mine", { assignee: `person-${follower}` }],
    concerned: () => 1,
  },
  {
    title: "a query each, all of them changed",
    tasks: () => BOARD_TASKS,
    people: () => 10,
    // Later than every task is due.
    question: (follower) => ["due", { board: "team", before: 100_000 + follower }],
    concerned: (followers) => followers,
  },
];

const COUNTS = [1, 100, 1_000];

export const liveQueries: Measurement = {
  name: "live-queries",
  method:
    "A socket renames one task after the other, each when the one before is answered and all who follow have it, with 1, 100 and 1,000 sockets that each follow one query: a board of 200 tasks (22 KB of JSON), filtered and sorted; or each the 20 tasks of another person, of which a mutation concerns one; or each all 200 with another argument. The hand-written object runs the query of each socket again after each write, and sends all of its result; it remembers no ids. Frames are counted by the load side and not parsed, because pages do that each on a machine of its own. *10,000 rows*: ten sockets follow a result of 10,000 rows (1.1 MB) of which one is changed; bytes are those of one client, with the headers of frames.",
  async run(bench) {
    return ShardContender.both(bench.folder, async (contenders) => {
      const figures: Figure[] = [];
      for (const crowd of CROWDS)
        for (const followers of COUNTS) {
          const shard = `${crowd.title.replaceAll(/\W+/g, "-")}-${followers}`;
          const audiences = new Map<ShardContender, Audience>();
          for (const contender of contenders) {
            await contender.seed(shard, crowd.tasks(followers), crowd.people(followers));
            const questions = Array.from({ length: followers }, (_, n) => crowd.question(n));
            audiences.set(contender, await Audience.open(contender, shard, questions));
          }
          const mutations = Math.max(3, Math.round((bench.isQuick ? 100 : 300) / followers ** 0.6));
          const rename = renames(crowd.tasks(followers));
          const { rate, bytes } = await rounds(contenders, bench.rounds, async (contender) => {
            const audience = audiences.get(contender);
            if (audience === undefined) throw new Error(`${contender.name} has no followers.`);
            const frames = contender.name === "bare" ? followers : crowd.concerned(followers);
            const before = audience.wireBytes;
            const ms = await timed(async () => {
              for (let n = 0; n < mutations; n += 1) await audience.mutate(rename(), frames);
            });
            return {
              rate: (mutations / ms) * 1000,
              bytes: (audience.wireBytes - before) / mutations,
            };
          });
          for (const audience of audiences.values()) await audience.close();
          const isBudgeted = crowd === CROWDS[0] && followers === 1_000;
          figures.push({
            title: `live queries, ${followers.toLocaleString("en")} × ${crowd.title}`,
            unit: "mutations/s",
            better: "more",
            values: rate,
            ...(isBudgeted ? { budgets: [atLeast(10, "bare", rate)] } : {}),
          });
          if (followers === 1_000)
            figures.push({
              title: `live queries, ${followers.toLocaleString("en")} × ${crowd.title}: bytes to all of them`,
              unit: "bytes",
              better: "less",
              values: bytes,
            });
        }
      figures.push(...(await largeResult(contenders, bench)));
      return figures;
    });
  },
};

async function largeResult(
  contenders: readonly ShardContender[],
  bench: { readonly rounds: number; readonly isQuick: boolean },
): Promise<readonly Figure[]> {
  const audiences = new Map<ShardContender, Audience>();
  for (const contender of contenders) {
    await contender.seed("large", LARGE_TASKS, 10);
    const questions = Array.from({ length: LARGE_FOLLOWERS }, (): Question => [
      "board",
      { board: "team" },
    ]);
    audiences.set(contender, await Audience.open(contender, "large", questions));
  }
  const mutations = bench.isQuick ? 3 : 10;
  const rename = renames(LARGE_TASKS);
  const { bytes, rate } = await rounds(contenders, bench.rounds, async (contender) => {
    const audience = audiences.get(contender);
    if (audience === undefined) throw new Error(`${contender.name} has no followers.`);
    const before = audience.wireBytes;
    const ms = await timed(async () => {
      for (let n = 0; n < mutations; n += 1) await audience.mutate(rename(), LARGE_FOLLOWERS);
    });
    return {
      bytes: (audience.wireBytes - before) / mutations / LARGE_FOLLOWERS,
      rate: (mutations / ms) * 1000,
    };
  });
  for (const audience of audiences.values()) await audience.close();
  const most = Math.max(...(bytes.perdure ?? []));
  const budget: Budget = {
    text: `< ${BUDGET_BYTES.toLocaleString("en")} bytes per client`,
    measured: spread(bytes.perdure ?? [], "bytes", 0),
    isMet: median(bytes.perdure ?? []) < BUDGET_BYTES && most < BUDGET_BYTES,
  };
  return [
    {
      title: "10,000 rows, one changed: bytes to one client",
      unit: "bytes",
      better: "less",
      values: bytes,
      budgets: [budget],
    },
    {
      title: `10,000 rows, one changed, ${LARGE_FOLLOWERS} clients`,
      unit: "mutations/s",
      better: "more",
      values: rate,
    },
  ];
}

/** Each call is another task with another title. */
function renames(tasks: number): () => readonly ["rename", { id: number; title: string }] {
  let n = 0;
  return () => {
    n += 1;
    return [
      "rename",
      { id: n % tasks, title: `Task renamed for the ${n}th time, by somebody else` },
    ];
  };
}
