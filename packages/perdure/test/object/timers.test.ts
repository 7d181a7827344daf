import { expect, test } from "vitest";
import type { DueTimer } from "../../src/object/index.ts";
import { MAX_ATTEMPTS, migrate, TIMER_MIGRATIONS, Timers } from "../../src/object/index.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { NodeSql } from "../support/node-sql.ts";

const SECOND = 1_000;
const HOUR = 60 * 60 * SECOND;

/** An object with timers, whose one alarm rings when a test moves the clock. */
class TimerWorld {
  readonly clock = new FakeClock();
  readonly sql = new NodeSql();
  /** Every call to the platform: a deadline, or undefined for its removal. */
  readonly calls: (number | undefined)[] = [];
  readonly rang: string[] = [];
  readonly start = this.clock.now();
  alarm: number | undefined;
  timers: Timers;
  handle: (timer: DueTimer) => void | Promise<void> = () => {};

  constructor() {
    migrate(this.sql, [{ owner: "timers", migrations: TIMER_MIGRATIONS }]);
    this.timers = this.load();
  }

  /** Memory is new; storage and the platform's alarm are what they were. */
  load(): Timers {
    this.timers = new Timers(this.sql, this.clock, {
      set: (at) => this.#call(at),
      clear: () => this.#call(undefined),
    });
    return this.timers;
  }

  /** Moves the clock from alarm to alarm, ringing each. */
  async advance(milliseconds: number): Promise<void> {
    const end = this.clock.now() + milliseconds;
    while (this.alarm !== undefined && this.alarm <= end) {
      this.clock.advance(Math.max(0, this.alarm - this.clock.now()));
      this.alarm = undefined;
      await this.timers.ring((timer) => {
        this.rang.push(timer.name);
        return this.handle(timer);
      });
    }
    this.clock.advance(end - this.clock.now());
  }

  #call(at: number | undefined): void {
    this.calls.push(at);
    this.alarm = at;
  }
}

test("K1 many names share one alarm, and each fires once at its own time", async () => {
  const world = new TimerWorld();
  const { timers, start } = world;
  timers.set("c", start + 3 * SECOND);
  timers.set("a", start + SECOND);
  timers.set("b", start + 2 * SECOND);
  await world.advance(1.5 * SECOND);
  expect(world.rang).toEqual(["a"]);
  await world.advance(10 * SECOND);
  expect(world.rang).toEqual(["a", "b", "c"]);
  expect(timers.nextDueAt()).toBeUndefined();
});

test("K1 setting a name again moves it and replaces what it carries", async () => {
  const world = new TimerWorld();
  const { timers, start } = world;
  const carried: unknown[] = [];
  world.handle = ({ payload }) => void carried.push(payload);
  timers.set("a", start + SECOND, { first: true });
  timers.set("a", start + 5 * SECOND, { second: [1, null] });
  await world.advance(4 * SECOND);
  expect(carried).toEqual([]);
  await world.advance(SECOND);
  expect(carried).toEqual([{ second: [1, null] }]);
});

test("K1 a cancelled timer does not fire", async () => {
  const world = new TimerWorld();
  world.timers.set("a", world.start + SECOND);
  world.timers.cancel("a");
  world.timers.cancel("never set");
  await world.advance(HOUR);
  expect(world.rang).toEqual([]);
  expect(world.calls).toEqual([world.start + SECOND, undefined]);
});

test("K1 a timer that another handler cancels or moves does not fire with it", async () => {
  const world = new TimerWorld();
  const { timers, start } = world;
  for (const name of ["a", "b", "c"]) timers.set(name, start + SECOND);
  world.handle = ({ name }) => {
    if (name !== "a") return;
    timers.cancel("b");
    timers.set("c", start + HOUR);
  };
  await world.advance(10 * SECOND);
  expect(world.rang).toEqual(["a"]);
  await world.advance(HOUR);
  expect(world.rang).toEqual(["a", "c"]);
});

test("K2 a timer that was due while no memory was there fires when the alarm rings", async () => {
  const world = new TimerWorld();
  world.timers.set("a", world.start + SECOND);
  world.load();
  world.clock.advance(HOUR);
  await world.advance(0);
  expect(world.rang).toEqual(["a"]);
});

test("K2 timers that are overdue together fire in the order of their deadlines", async () => {
  const world = new TimerWorld();
  const { timers, start } = world;
  for (const [name, at] of Object.entries({ c: 3, a: 1, d: 4, b: 2 })) timers.set(name, start + at);
  world.clock.advance(SECOND);
  await world.advance(0);
  expect(world.rang).toEqual(["a", "b", "c", "d"]);
});

test("K2 a timer whose handler was cut off by a crash fires again", async () => {
  const world = new TimerWorld();
  world.timers.set("a", world.start + SECOND);
  world.clock.advance(SECOND);
  void world.timers.ring(() => new Promise(() => {}));
  world.load();
  await world.advance(0);
  expect(world.rang).toEqual(["a"]);
});

test("K3 a handler that throws is tried again after 2 s, then twice as long, up to an hour", async () => {
  const world = new TimerWorld();
  const at: number[] = [];
  world.handle = () => {
    at.push(world.clock.now());
    throw new Error("not yet");
  };
  world.timers.set("a", world.start);
  await world.advance(24 * HOUR);
  const waits = at.slice(1).map((time, index) => (time - (at[index] ?? 0)) / SECOND);
  expect(waits).toEqual([2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 3600, 3600]);
});

test("K3 a handler that succeeds at last is done, and begins anew when it is set again", async () => {
  const world = new TimerWorld();
  const attempts: number[] = [];
  world.handle = (timer) => {
    attempts.push(timer.attempts);
    if (attempts.length < 3) throw new Error("not yet");
  };
  world.timers.set("a", world.start);
  await world.advance(HOUR);
  world.timers.set("a", world.clock.now());
  await world.advance(HOUR);
  expect(attempts).toEqual([0, 1, 2, 0]);
});

test("K3 a failing timer that is set again begins anew", async () => {
  const world = new TimerWorld();
  const attempts: number[] = [];
  world.handle = (timer) => {
    attempts.push(timer.attempts);
    throw new Error("not yet");
  };
  world.timers.set("a", world.start);
  await world.advance(10 * SECOND);
  world.timers.set("a", world.clock.now());
  await world.advance(SECOND);
  expect(attempts).toEqual([0, 1, 2, 0]);
});

test("K4 a timer that is cancelled or set anew during its last attempt is no dead letter", async () => {
  const world = new TimerWorld();
  world.handle = ({ name, attempts }) => {
    if (attempts === MAX_ATTEMPTS - 1) {
      if (name === "a") world.timers.cancel("a");
      else world.timers.set("b", world.clock.now() + 1_000 * HOUR);
    }
    throw new Error("not yet");
  };
  world.timers.set("a", world.start);
  world.timers.set("b", world.start);
  await world.advance(24 * HOUR);
  expect(world.timers.dead()).toEqual([]);
  expect([world.timers.dueAt("a"), world.timers.dueAt("b")]).toEqual([
    undefined,
    world.start + 11_294 * SECOND + 1_000 * HOUR,
  ]);
});

test("K4 after the last attempt a timer is a dead letter with its error, kept over an eviction", async () => {
  const world = new TimerWorld();
  world.handle = () => Promise.reject(new Error("the gateway is gone"));
  world.timers.set("wake", world.start, { gateway: 7 });
  await world.advance(24 * HOUR);
  expect(world.rang.length).toBe(MAX_ATTEMPTS);
  expect(world.load().dead()).toEqual([
    {
      name: "wake",
      payload: { gateway: 7 },
      error: "the gateway is gone",
      diedAt: world.start + 11_294 * SECOND,
    },
  ]);
  expect(world.timers.nextDueAt()).toBeUndefined();
});

test("K5 the alarm is set only where the earliest deadline moves", () => {
  const { timers, calls, start } = new TimerWorld();
  timers.set("b", start + 20);
  timers.set("c", start + 30);
  timers.set("b", start + 20, "another payload");
  timers.cancel("c");
  expect(calls).toEqual([start + 20]);
  timers.set("a", start + 10);
  timers.set("a", start + 15);
  timers.cancel("a");
  timers.cancel("b");
  expect(calls).toEqual([start + 20, start + 10, start + 15, start + 20, undefined]);
});

test("K5 after a ring the alarm is set once, for the next deadline", async () => {
  const world = new TimerWorld();
  const { timers, calls, start } = world;
  timers.set("a", start + 10);
  timers.set("b", start + 10);
  timers.set("c", start + HOUR);
  calls.length = 0;
  await world.advance(SECOND);
  expect(calls).toEqual([start + HOUR]);
});

test("K5 setting a timer costs one row besides the alarm, however many there are", () => {
  const { timers, sql, start } = new TimerWorld();
  for (let index = 0; index < 50; index += 1) timers.set(`t${index}`, start + index);
  const { written } = sql.counts;
  timers.set("one more", start + HOUR);
  expect(sql.counts.written - written).toBe(1);
});

test.for([
  ["later", 5_000],
  ["at the very time at which it rang", 0],
  ["at a time that has passed", -5_000],
] as const)("K6 a timer that its own handler sets anew, %s, is kept", async ([, delay]) => {
  const world = new TimerWorld();
  const { timers, start } = world;
  world.handle = () => {
    if (world.rang.length < 3) timers.set("a", world.clock.now() + delay, world.rang.length);
  };
  timers.set("a", start + SECOND);
  await world.advance(HOUR);
  expect(world.rang).toEqual(["a", "a", "a"]);
});

test("K6 a deadline that passes while the handler that set it still runs is kept", async () => {
  const world = new TimerWorld();
  world.handle = async () => {
    if (world.rang.length > 1) return;
    world.timers.set("a", world.clock.now() + 10);
    world.clock.advance(SECOND);
    await Promise.resolve();
  };
  world.timers.set("a", world.start);
  await world.advance(HOUR);
  expect(world.rang).toEqual(["a", "a"]);
});

test("K6 a handler that sets its timer anew and then throws has set it, without a wait", async () => {
  const world = new TimerWorld();
  const seen: unknown[] = [];
  world.handle = ({ payload, attempts }) => {
    seen.push([payload, attempts]);
    if (seen.length > 1) return;
    world.timers.set("a", world.clock.now() + 1, "second");
    throw new Error("after that");
  };
  world.timers.set("a", world.start, "first");
  await world.advance(SECOND);
  expect(seen).toEqual([
    ["first", 0],
    ["second", 0],
  ]);
});

test("K6 a timer that its own handler cancels is gone, even if the handler then throws", async () => {
  const world = new TimerWorld();
  world.handle = () => {
    world.timers.cancel("a");
    throw new Error("after that");
  };
  world.timers.set("a", world.start);
  await world.advance(24 * HOUR);
  expect(world.rang).toEqual(["a"]);
  expect(world.timers.dead()).toEqual([]);
});

test("K7 one timer's failure does not keep others from firing", async () => {
  const world = new TimerWorld();
  world.handle = ({ name }) => {
    if (name === "a") throw new Error("not yet");
  };
  world.timers.set("a", world.start);
  world.timers.set("b", world.start);
  await world.advance(SECOND);
  expect(world.rang).toEqual(["a", "b"]);
  expect(world.timers.dueAt("a")).toBe(world.start + 2 * SECOND);
  expect(world.timers.dueAt("b")).toBeUndefined();
});

test("K8 a timer that was set in a transaction that is undone does not exist", () => {
  const { timers, sql, start } = new TimerWorld();
  expect(() =>
    sql.transaction(() => {
      timers.set("a", start + 10);
      throw new Error("undone");
    }),
  ).toThrow("undone");
  expect(timers.dueAt("a")).toBeUndefined();
});

test("a deadline that is no number is refused, and one past the platform's last is its last", () => {
  const { timers, calls } = new TimerWorld();
  expect(() => timers.set("a", Number.NaN)).toThrow(RangeError);
  timers.set("b", Number.MAX_SAFE_INTEGER);
  timers.set("c", Number.POSITIVE_INFINITY);
  timers.set("d", -1);
  expect(calls).toEqual([Date.UTC(2189, 0, 1), 1]);
});
