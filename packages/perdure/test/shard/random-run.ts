import type { Sql } from "../../src/object/sql.ts";
import type { ShardHistory } from "../../src/shard/index.ts";
import { randomFrom } from "../support/random.ts";
import { board, QUERY_NAMES, randomArgs, randomWrite, runs, TABLES } from "./random-board.ts";
import { ShardWorld } from "./shard-world.ts";
import { Subscriber } from "./subscriber.ts";

const IDENTITIES = [null, { subject: "a" }, { subject: "b" }];

/** What a subscriber asked. */
interface Asked {
  readonly functionPath: string;
  readonly args: string | number | null;
  readonly identity: (typeof IDENTITIES)[number];
}

/** What a run came to. */
export interface RandomOutcome {
  /** Subscribers whose view was not what a fresh run answers, with the step. */
  readonly wrong: readonly (Asked & { readonly step: number })[];
  /** Positions that did not follow the one before. */
  readonly misplaced: readonly number[];
  /** What writes threw, each once, but for constraints. */
  readonly thrown: readonly string[];
  /** How subscriptions began. */
  readonly starts: Readonly<Record<"seed" | "reset" | "changes", number>>;
  /** How often a query ran for a commit, and how often each of those that were live would have. */
  readonly runs: { readonly done: number; readonly possible: number };
}

/** Random commits over tables of every kind, with memory that is lost and subscribers that come and go. */
export function randomRun(
  sql: Sql,
  seed: number,
  steps: number,
  history: ShardHistory = "stored",
): RandomOutcome {
  const random = randomFrom(seed);
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
  const world = new ShardWorld(sql, board, TABLES);
  world.history = history;
  world.limits = {
    logCommits: 20,
    commitUnits: 400,
    cachedRows: 40,
    cachedUnits: 2_000,
    idleMs: 10_000,
  };
  const subscribers = new Map<Subscriber, Asked>();
  const left: { readonly was: Subscriber; readonly asked: Asked }[] = [];
  const starts = { seed: 0, reset: 0, changes: 0 };
  const wrong: (Asked & { step: number })[] = [];
  const misplaced: number[] = [];
  const thrown = new Set<string>();
  const counts = { done: 0, possible: 0 };

  const begin = (asked: Asked, was?: Subscriber) => {
    const { identity, ...request } = asked;
    try {
      const subscribed = world.shard.subscribe({ ...request, since: was?.position }, identity);
      starts[subscribed.start.kind] += 1;
      const subscriber = new Subscriber(subscribed, was?.value);
      world.subscribers.add(subscriber);
      subscribers.set(subscriber, asked);
    } catch {
      // A query that fails has no subscriber.
    }
  };
  const comeAndGo = () => {
    if (random() < 0.4 && subscribers.size < 45)
      begin({
        functionPath: pick(QUERY_NAMES),
        args: randomArgs(random),
        identity: pick(IDENTITIES),
      });
    if (random() < 0.2 && subscribers.size > 0) {
      const [was, asked] = pick([...subscribers]);
      world.unsubscribe(was);
      subscribers.delete(was);
      left.push({ was, asked });
    }
    if (random() < 0.2 && left.length > 0) {
      const [back] = left.splice(Math.floor(random() * left.length), 1);
      if (back !== undefined) begin(back.asked, back.was);
    }
    if (random() < 0.1) world.loseMemory();
    if (random() < 0.05) {
      world.clock.advance(5_000);
      world.shard.forgetIdle();
    }
  };
  const commit = () => {
    const { position } = world.shard;
    let stands = false;
    try {
      world.shard.write((handler) => {
        for (let count = 0; count === 0 || random() < 0.3; count += 1) {
          const [statement, ...bindings] = randomWrite(random);
          handler.all(statement, ...bindings);
          if (random() < 0.02) throw new Error("undone");
        }
      });
      stands = true;
    } catch (error) {
      if (!String(error).includes("constraint")) thrown.add(String(error));
    }
    if (world.shard.position !== position + (stands ? 1 : 0)) misplaced.push(position);
  };

  for (let step = 0; step < steps; step += 1) {
    comeAndGo();
    const before = runs.count;
    commit();
    counts.done += runs.count - before;
    counts.possible += new Set([...subscribers.keys()].map(({ queryId }) => queryId)).size;
    for (const [subscriber, asked] of subscribers)
      if (JSON.stringify(subscriber.value) !== freshRun(world, asked))
        wrong.push({ ...asked, step });
  }
  return { wrong, misplaced, thrown: [...thrown], starts, runs: counts };
}

function freshRun(world: ShardWorld, { identity, ...request }: Asked): string {
  try {
    return JSON.stringify(world.shard.call(request, identity).value);
  } catch {
    return '{"error":{"code":"internal","detail":"The server failed to handle this; it may be tried again."}}';
  }
}
