import { expect, test } from "vitest";
import type { Delivered } from "../../src/mcp/broadcasts.ts";
import { BROADCAST_TIMER, Broadcasts } from "../../src/mcp/broadcasts.ts";
import { Registry } from "../../src/mcp/registry.ts";
import { REGISTRY_MIGRATIONS } from "../../src/mcp/registry-schema.ts";
import { migrate, TIMER_MIGRATIONS, Timers } from "../../src/object/index.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { LivingSql } from "../support/living-sql.ts";
import { NodeSql } from "../support/node-sql.ts";
import { randomFrom } from "../support/random.ts";

const MIB = 1024 * 1024;
const HOUR = 60 * 60 * 1000;

/** A registry and its sessions, which drop numbers that they have had. */
class World {
  readonly sql = new NodeSql();
  readonly clock = new FakeClock();
  readonly registry = new Registry(this.sql);
  /** What each session has taken. */
  readonly taken = new Map<string, string[]>();
  /** Messages that came again. */
  repeated = 0;
  calls = 0;
  renewals = 0;
  /** Sessions that do not answer "taken". */
  readonly answers = new Map<string, () => Promise<Delivered>>();
  broadcasts: Broadcasts;
  #timers: Timers;
  readonly #had = new Map<string, number>();
  #life = 0;

  constructor() {
    migrate(this.sql, [
      { owner: "timers", migrations: TIMER_MIGRATIONS },
      { owner: "mcp-registry", migrations: REGISTRY_MIGRATIONS },
    ]);
    this.#timers = this.#newTimers();
    this.broadcasts = this.#newBroadcasts();
  }

  join(...sessions: readonly string[]): void {
    for (const session of sessions) this.registry.join(session);
  }

  async send(...data: readonly string[]): Promise<void> {
    for (const one of data) this.broadcasts.add(one);
    await this.broadcasts.deliver();
  }

  /** Memory is lost: what was under way has no effect any more. */
  evict(): void {
    this.#life += 1;
    this.#timers = this.#newTimers();
    this.broadcasts = this.#newBroadcasts();
  }

  /** Time passes, and the alarm rings where a timer is due. */
  async later(milliseconds: number): Promise<void> {
    this.clock.advance(milliseconds);
    await this.#timers.ring(async ({ name }) => {
      if (name === BROADCAST_TIMER) await this.broadcasts.retry();
    });
  }

  get rows(): readonly number[] {
    return ["mcp_broadcasts", "timers"].map(
      (table) => this.sql.run(`SELECT * FROM ${table}`).length,
    );
  }

  #newTimers(): Timers {
    return new Timers(this.sql, this.clock, { set: () => {}, clear: () => {} });
  }

  #newBroadcasts(): Broadcasts {
    const life = this.#life;
    const isAlive = () => life === this.#life;
    const sql = new LivingSql(this.sql, { alive: isAlive, full: () => false });
    return new Broadcasts({
      sql,
      clock: this.clock,
      timers: this.#timers,
      registry: new Registry(sql),
      renew: async () => {
        this.renewals += 1;
      },
      deliver: async (session, number, data) => {
        this.calls += 1;
        const answer = this.answers.get(session);
        if (answer !== undefined) {
          const answered = await answer();
          if (answered === "gone") return "gone";
        }
        this.#take(session, number, data);
        // The answer reaches nobody where the registry's memory is gone meanwhile.
        return isAlive() ? "taken" : new Promise<never>(() => {});
      },
    });
  }

  #take(session: string, number: number, data: string): void {
    if (number <= (this.#had.get(session) ?? 0)) {
      this.repeated += 1;
      return;
    }
    this.#had.set(session, number);
    this.taken.set(session, [...(this.taken.get(session) ?? []), data]);
  }
}

const names = (count: number) => Array.from({ length: count }, (_, index) => `s${index}`);

const unreachable = () => Promise.reject(new Error("unreachable"));

test("F114 a broadcast reaches every listed session once, and nothing of it is left", async () => {
  const world = new World();
  world.join(...names(450));
  await world.send("1");
  expect(world.calls).toBe(450);
  expect(names(450).filter((name) => world.taken.get(name)?.join() !== "1")).toEqual([]);
  expect(world.rows).toEqual([0, 0]);
});

test("F114 a broadcast to 100 sessions writes four rows", async () => {
  const world = new World();
  world.join(...names(100));
  const before = world.sql.counts.written;
  await world.send("1");
  // The message and its timer, each there and gone again.
  expect(world.sql.counts.written - before).toBe(4);
});

test("F114 a broadcast to nobody writes nothing", async () => {
  const world = new World();
  const before = world.sql.counts.written;
  expect(world.broadcasts.add("1")).toBe(false);
  expect(world.sql.counts.written - before).toBe(0);
});

test("F115 a session that joins after a broadcast does not get it, one that leaves neither", async () => {
  const world = new World();
  world.join("a", "b");
  world.broadcasts.add("1");
  world.join("c");
  world.registry.leave("b");
  await world.send("2");
  expect(Object.fromEntries(world.taken)).toEqual({ a: ["1", "2"], c: ["2"] });
});

test("F115 a session that joins again while a broadcast is on its way gets it", async () => {
  const world = new World();
  world.join("a");
  world.broadcasts.add("1");
  world.join("a");
  await world.broadcasts.deliver();
  expect(world.taken.get("a")).toEqual(["1"]);
});

test("F116 broadcasts reach each session in their order, those too that come while others are delivered", async () => {
  const world = new World();
  world.join(...names(50));
  let isFirst = true;
  world.answers.set("s7", async () => {
    if (isFirst) world.broadcasts.add("3");
    isFirst = false;
    return "taken";
  });
  await world.send("1", "2");
  expect(names(50).filter((name) => world.taken.get(name)?.join() !== "1,2,3")).toEqual([]);
  expect(world.rows).toEqual([0, 0]);
});

test("F117 a session that is gone is forgotten, with all that it followed", async () => {
  const world = new World();
  world.join("a", "b");
  world.registry.follow("file:///1", "a");
  world.answers.set("a", async () => "gone");
  await world.send("1");
  expect(world.registry.followers("file:///1")).toEqual([]);
  await world.send("2");
  expect(world.calls).toBe(3);
  expect(Object.fromEntries(world.taken)).toEqual({ b: ["1", "2"] });
});

test("F118 a session that cannot be reached holds up nobody, and gets all of it later in order", async () => {
  const world = new World();
  world.join("a", "b");
  world.answers.set("a", unreachable);
  await world.send("1");
  await world.send("2", "3");
  expect(Object.fromEntries(world.taken)).toEqual({ b: ["1", "2", "3"] });
  // It is not called again until the timer rings.
  expect(world.calls).toBe(4);
  world.answers.delete("a");
  await world.later(2_000);
  expect(world.taken.get("a")).toEqual(["1", "2", "3"]);
  expect(world.repeated).toBe(0);
  expect(world.rows).toEqual([0, 0]);
});

test("F118 it is tried again by the timer, ever more seldom", async () => {
  const world = new World();
  world.join("a");
  world.answers.set("a", unreachable);
  await world.send("1");
  expect(world.calls).toBe(1);
  for (const [wait, calls] of [
    [1_999, 1],
    [1, 2],
    [2_000, 3],
    [2_000, 3],
    [2_000, 4],
    [8_000, 5],
  ] as const) {
    await world.later(wait);
    expect(world.calls).toBe(calls);
  }
});

test("F118 a session that does not answer within 10 s has failed", async () => {
  const world = new World();
  world.join("a", "b");
  let answer: ((value: "taken") => void) | undefined;
  world.answers.set("a", () => new Promise((resolve) => (answer = resolve)));
  const sent = world.send("1");
  await expect.poll(() => world.taken.get("b")).toEqual(["1"]);
  world.clock.advance(10_000);
  await sent;
  expect(world.rows).toEqual([1, 1]);
  world.answers.delete("a");
  answer?.("taken");
  await world.later(2_000);
  expect(world.taken.get("a")).toEqual(["1"]);
  expect(world.rows).toEqual([0, 0]);
});

test("F118 while such a session is tried again, others get what is new", async () => {
  const world = new World();
  world.join("a", "b");
  world.answers.set("a", unreachable);
  await world.send("1");
  let answer: ((value: "taken") => void) | undefined;
  world.answers.set("a", () => new Promise((resolve) => (answer = resolve)));
  const retried = world.later(2_000);
  await expect.poll(() => answer).toBeDefined();
  await world.send("2");
  expect(world.taken.get("b")).toEqual(["1", "2"]);
  world.answers.delete("a");
  answer?.("taken");
  await retried;
  expect(world.taken.get("a")).toEqual(["1", "2"]);
  expect(world.rows).toEqual([0, 0]);
});

test("F119 what a session could not be given for an hour it does not get any more", async () => {
  const world = new World();
  world.join("a", "b");
  world.answers.set("a", unreachable);
  await world.send("1");
  await world.later(HOUR / 2);
  await world.send("2");
  await world.later(HOUR / 2);
  world.answers.delete("a");
  await world.later(HOUR / 4);
  expect(Object.fromEntries(world.taken)).toEqual({ a: ["2"], b: ["1", "2"] });
  expect(world.rows).toEqual([0, 0]);
});

test("F119 an hour without anybody to reach leaves no row", async () => {
  const world = new World();
  world.join("a");
  world.answers.set("a", unreachable);
  await world.send("1");
  await world.later(HOUR);
  expect(world.rows).toEqual([0, 0]);
  expect(world.sql.run("SELECT id FROM mcp_sessions WHERE behind IS NOT NULL")).toEqual([]);
});

test("F120 a loss of memory in the middle costs nobody a message", async () => {
  const world = new World();
  world.join(...names(450));
  // The calls of the second page are under way when memory is lost.
  for (const name of names(450).toSorted().slice(200, 400))
    world.answers.set(name, () => new Promise(() => {}));
  void world.send("1", "2");
  await expect.poll(() => world.calls).toBeGreaterThan(200);
  world.evict();
  world.answers.clear();
  await world.later(2_000);
  expect(names(450).filter((name) => world.taken.get(name)?.join() !== "1,2")).toEqual([]);
  // The first page is not called again for the first message.
  expect(world.repeated).toBe(0);
  expect(world.rows).toEqual([0, 0]);
});

test.each(Array.from({ length: 20 }, (_, seed) => [seed]))(
  "F120 with failures and losses of memory each session gets all of it, once and in order (seed %i)",
  async (seed) => {
    const random = randomFrom(seed);
    const world = new World();
    const sessions = names(230);
    world.join(...sessions);
    for (const name of sessions)
      world.answers.set(name, () => (random() < 0.05 ? unreachable() : Promise.resolve("taken")));
    for (let number = 1; number <= 12; number += 1) {
      // While those that are behind catch up, too.
      const retried = random() < 0.5 ? world.later(4_000).catch(() => {}) : undefined;
      world.broadcasts.add(String(number));
      const delivered = world.broadcasts.deliver().catch(() => {});
      if (random() < 0.4) {
        for (let turn = random() * 100; turn > 0; turn -= 1) await Promise.resolve();
        world.evict();
      } else await Promise.all([delivered, retried]);
    }
    world.answers.clear();
    await world.later(HOUR / 2);
    const all = Array.from({ length: 12 }, (_, index) => String(index + 1)).join();
    expect(sessions.filter((name) => world.taken.get(name)?.join() !== all)).toEqual([]);
    expect(world.rows).toEqual([0, 0]);
  },
);

test("F121 a broadcast of more than 1 MiB is refused", () => {
  const world = new World();
  world.join("a");
  world.broadcasts.add("x".repeat(MIB));
  expect(() => world.broadcasts.add("ä".repeat(MIB / 2) + "x")).toThrow(
    expect.objectContaining({
      code: "too_large",
      message:
        "A broadcast has at most 1048576 bytes, not 1048577: send less, or where to find it.",
    }),
  );
});

test("F121 1,000 broadcasts may be on their way, and 16 MiB of them", () => {
  const world = new World();
  world.join("a");
  for (let sent = 0; sent < 1_000; sent += 1) world.broadcasts.add("");
  expect(() => world.broadcasts.add("")).toThrow(expect.objectContaining({ code: "rate_limited" }));
  const large = new World();
  large.join("a");
  for (let sent = 0; sent < 16; sent += 1) large.broadcasts.add("x".repeat(MIB));
  expect(() => large.broadcasts.add("x")).toThrow(
    expect.objectContaining({ code: "rate_limited" }),
  );
});

test("F121 what only unreachable sessions lack gives way to what is new, the oldest first", async () => {
  const world = new World();
  world.join("a", "b");
  world.answers.set("a", unreachable);
  await world.send(...Array.from({ length: 1_000 }, (_, index) => String(index)));
  await world.send("new");
  expect(world.taken.get("b")?.at(-1)).toBe("new");
  world.answers.delete("a");
  await world.later(2_000);
  expect(world.taken.get("a")?.[0]).toBe("1");
  expect(world.taken.get("a")?.at(-1)).toBe("new");
  expect(world.taken.get("a")).toHaveLength(1_000);
});

test("F122 the registry calls itself every 250 calls: the platform counts those of an event", async () => {
  const world = new World();
  world.join(...names(450));
  await world.send("1");
  expect(world.renewals).toBe(1);
  await world.send("2", "3");
  expect(world.renewals).toBe(5);
});
