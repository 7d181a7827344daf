import { expect, test } from "vitest";
import type { PooledRunner } from "../src/gateway/runner-pool.ts";
import { RunnerPool } from "../src/gateway/runner-pool.ts";

const PLACE = { cwd: "/work" };

/** A runner that does what a test says. */
class FakeRunner implements PooledRunner {
  idle: number | undefined;
  leaving = false;
  stopped = false;
  /** How often it was asked to leave. */
  asked = 0;
  #isRunning = true;
  readonly #onExit: () => void;

  constructor(onExit: () => void = () => {}) {
    this.#onExit = onExit;
  }

  isRunning = () => this.#isRunning;
  isLeaving = () => this.leaving;
  idleFor = async () => this.idle;

  async leave(): Promise<void> {
    this.asked += 1;
    if (this.leaving || this.idle !== undefined) this.end();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    this.end();
  }

  end(): void {
    this.endUnheard();
    this.#onExit();
  }

  /** It ends, and the word of it comes later, with `end`. */
  endUnheard(): void {
    this.#isRunning = false;
  }
}

/** A pool with its runners by session, and all that it has written down. */
function poolOf(max: number, found: Record<string, FakeRunner> = {}) {
  const started: string[] = [];
  const runners = new Map<string, FakeRunner>();
  const records: string[][] = [];
  const pool = new RunnerPool({
    max,
    start: (session, _place, onExit) => {
      started.push(session);
      const runner = new FakeRunner(onExit);
      runners.set(session, runner);
      return runner;
    },
    find: (session) => (found[session]?.isRunning() === true ? found[session] : undefined),
    onChange: (sessions) => records.push([...sessions]),
  });
  const runner = (session: string) => {
    const one = runners.get(session);
    if (one === undefined) throw new Error(`${session} has no runner`);
    return one;
  };
  return { pool, started, runner, records };
}

test("G15 a session has one runner, however often it calls, and another once that is gone", async () => {
  const { pool, started, runner, records } = poolOf(4);
  expect(await Promise.all([pool.ensure("a", PLACE), pool.ensure("a", PLACE)])).toEqual([
    true,
    false,
  ]);
  runner("a").end();
  expect(await pool.ensure("a", PLACE)).toBe(true);
  expect(started).toEqual(["a", "a"]);
  expect(records).toEqual([["a"], [], ["a"]]);
});

test("G15 a runner that somebody else has started is taken for the session's, and counts", async () => {
  const other = new FakeRunner();
  const { pool, started } = poolOf(1, { a: other });
  expect(pool.adopt("b")).toBe(false);
  expect(pool.adopt("a")).toBe(true);
  await expect(pool.ensure("b", PLACE)).rejects.toMatchObject({ status: 503 });
  expect(await pool.ensure("a", PLACE)).toBe(false);
  await expect(pool.ensure("b", PLACE)).rejects.toMatchObject({ status: 503 });
  other.end();
  expect(await pool.ensure("b", PLACE)).toBe(true);
  expect(started).toEqual(["b"]);
});

test("G16 past the limit a call is refused with a time to come back, as long as all runners work", async () => {
  const { pool, started, runner } = poolOf(2);
  await pool.ensure("a", PLACE);
  await pool.ensure("b", PLACE);
  const refused = pool.ensure("c", PLACE);
  await expect(refused).rejects.toMatchObject({ status: 503, retryAfter: 15 });
  expect(started).toEqual(["a", "b"]);
  // Whoever works, or waits on an approval, is not even asked.
  expect([runner("a").asked, runner("b").asked]).toEqual([0, 0]);
});

test("G16 as long as there is room nobody has to make it", async () => {
  const { pool, runner } = poolOf(2);
  await pool.ensure("a", PLACE);
  runner("a").idle = 1_000;
  await pool.ensure("b", PLACE);
  expect([runner("a").isRunning(), runner("a").asked]).toEqual([true, 0]);
});

test("G15 a runner that a person has started meanwhile is found by the call itself", async () => {
  const { pool, started, records } = poolOf(1, { a: new FakeRunner() });
  expect(await pool.ensure("a", PLACE)).toBe(false);
  expect([started, records]).toEqual([[], [["a"]]]);
});

test("G15 the late word of a runner's end does not count its successor out", async () => {
  const { pool, runner, started } = poolOf(4);
  await pool.ensure("a", PLACE);
  const first = runner("a");
  first.endUnheard();
  expect(await pool.ensure("a", PLACE)).toBe(true);
  first.end();
  expect(await pool.ensure("a", PLACE)).toBe(false);
  expect(started).toEqual(["a", "a"]);
});

test("G16 the runner that has been idle for longest makes room, and no other", async () => {
  const { pool, runner, started } = poolOf(3);
  for (const session of ["a", "b", "c"]) await pool.ensure(session, PLACE);
  runner("a").idle = 1_000;
  runner("b").idle = 5_000;
  await pool.ensure("d", PLACE);
  expect(started).toEqual(["a", "b", "c", "d"]);
  expect(["a", "b", "c"].map((session) => runner(session).isRunning())).toEqual([
    true,
    false,
    true,
  ]);
});

test("a call for a session whose runner is leaving waits until that is gone", async () => {
  const { pool, runner, started } = poolOf(1);
  await pool.ensure("a", PLACE);
  runner("a").leaving = true;
  expect(await pool.ensure("a", PLACE)).toBe(true);
  expect(started).toEqual(["a", "a"]);
  runner("a").leaving = true;
  runner("a").leave = async () => {};
  const refused = pool.ensure("a", PLACE);
  await expect(refused).rejects.toMatchObject({ status: 503, retryAfter: 2 });
});

test("a pool that is stopped ends all runners and starts none", async () => {
  const { pool, runner } = poolOf(4);
  await pool.ensure("a", PLACE);
  await pool.stop();
  expect(runner("a").stopped).toBe(true);
  await expect(pool.ensure("b", PLACE)).rejects.toMatchObject({ status: 503 });
});

test("G20 work that needs a session to have no runner waits for calls before it, and is not done where one is there", async () => {
  const other = new FakeRunner();
  const { pool, runner } = poolOf(4, { found: other });
  const done: string[] = [];
  const work = (session: string) => pool.whileAway(session, async () => void done.push(session));
  const called = pool.ensure("a", PLACE);
  await Promise.all([called, work("a"), work("b"), work("found")]);
  expect(done).toEqual(["b"]);
  runner("a").end();
  await work("a");
  other.end();
  await work("found");
  expect(done).toEqual(["b", "a", "found"]);
  // A call that comes meanwhile is taken afterwards.
  const order: string[] = [];
  const slow = pool.whileAway("a", async () => {
    await new Promise(setImmediate);
    order.push("work");
  });
  await Promise.all([slow, pool.ensure("a", PLACE).then(() => order.push("runner"))]);
  expect(order).toEqual(["work", "runner"]);
  await pool.stop();
  await work("c");
  expect(done).toHaveLength(3);
});
