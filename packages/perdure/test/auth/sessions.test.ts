import { expect, test } from "vitest";
import { SWEEP_LIMIT } from "../../src/auth/auth-sessions.ts";
import { digestOf } from "../../src/object/index.ts";
import { DAY, SECOND, SessionWorld, tokenOf } from "./session-world.ts";

test("Q3 a session is good for seven days, and for less where less is asked for", () => {
  const world = new SessionWorld();
  const { sessions, clock } = world;
  const session = sessions.create({ token: tokenOf("long"), userId: "ada" }, {});
  expect(session).toMatchObject({ userId: "ada", createdAt: clock.now() });
  expect(session.expiresAt - session.createdAt).toBe(7 * DAY);
  sessions.create({ token: tokenOf("short"), userId: "ada", ttlSeconds: 60 }, {});
  clock.advance(60 * SECOND - 1);
  expect(sessions.find(tokenOf("short"))).toMatchObject({ userId: "ada" });
  clock.advance(1);
  expect(sessions.find(tokenOf("short"))).toBeUndefined();
  expect(sessions.find(tokenOf("long"))).toEqual(session);
  expect(world.count("auth_sessions")).toBe(2);
});

test("Q4 a token that has a session gets no other, and its session stays as it is", () => {
  const world = new SessionWorld();
  const session = world.create("one");
  expect(() => world.create("one", "eve")).toThrow(
    expect.objectContaining({ code: "session_exists" }),
  );
  expect(world.sessions.find(tokenOf("one"))).toEqual(session);
  expect(world.sessions.list("eve")).toEqual([]);
});

test("Q4 the token of an expired session is as good as one that never was", async () => {
  const world = new SessionWorld();
  world.create("one", "ada", 1);
  world.clock.advance(SECOND);
  expect(world.create("one", "bob")).toMatchObject({ userId: "bob" });
});

test("Q5 an expired session is none for whatever is asked of it", () => {
  const world = new SessionWorld();
  const { sessions, clock } = world;
  sessions.create({ token: tokenOf("one"), userId: "ada", ttlSeconds: 1 }, {});
  const id = sessions.list("ada")[0]?.id ?? "";
  clock.advance(SECOND);
  expect(sessions.find(tokenOf("one"))).toBeUndefined();
  expect(sessions.touch(tokenOf("one"), undefined)).toBeUndefined();
  expect(sessions.rotate(tokenOf("one"), tokenOf("two"))).toBeUndefined();
  expect(sessions.end(tokenOf("one"))).toBeUndefined();
  expect(sessions.endById("ada", id, false)).toBeUndefined();
  expect(sessions.endAllOf("ada", false)).toEqual([]);
  expect(sessions.list("ada")).toEqual([]);
  expect(sessions.leave(tokenOf("one"))).toBeUndefined();
  expect(sessions.watch(tokenOf("one"), { binding: "B", name: "o" })).toBeUndefined();
  expect(world.count("auth_live")).toBe(0);
});

test("Q6 storage has the hash of a token and nowhere the token", () => {
  const world = new SessionWorld();
  world.create("one");
  world.sessions.rotate(tokenOf("one"), tokenOf("two"));
  world.sessions.bury(tokenOf("three"), world.clock.now() + DAY);
  const all = ["auth_sessions", "auth_ended", "timers"].map((table) =>
    world.sql.run(`SELECT * FROM ${table}`),
  );
  expect(JSON.stringify(all)).toContain(digestOf(tokenOf("two")));
  expect(JSON.stringify(all)).not.toContain("token-of");
});

test("Q8 a touch slides the expiry by the session's own time, or by another from then on", () => {
  const { sessions, clock } = new SessionWorld();
  sessions.create({ token: tokenOf("one"), userId: "ada", ttlSeconds: 100 }, {});
  clock.advance(60 * SECOND);
  expect(sessions.touch(tokenOf("one"), undefined)?.expiresAt).toBe(clock.now() + 100 * SECOND);
  clock.advance(60 * SECOND);
  expect(sessions.touch(tokenOf("one"), 10)?.expiresAt).toBe(clock.now() + 10 * SECOND);
  clock.advance(5 * SECOND);
  expect(sessions.touch(tokenOf("one"), undefined)?.expiresAt).toBe(clock.now() + 10 * SECOND);
  clock.advance(10 * SECOND);
  expect(sessions.touch(tokenOf("one"), undefined)).toBeUndefined();
});

test("Q9 a rotated session keeps all but its token, and the old one is dead at once", () => {
  const world = new SessionWorld();
  const session = world.create("old");
  expect(world.sessions.rotate(tokenOf("old"), tokenOf("new"))).toEqual(session);
  expect(world.sessions.find(tokenOf("old"))).toBeUndefined();
  expect(world.sessions.find(tokenOf("new"))).toEqual(session);
});

test("Q9 a session is not rotated to the token of another, nor to its own", () => {
  const world = new SessionWorld();
  const session = world.create("one");
  world.create("other", "bob");
  for (const taken of ["other", "one"])
    expect(() => world.sessions.rotate(tokenOf("one"), tokenOf(taken))).toThrow(
      expect.objectContaining({ code: "session_exists" }),
    );
  expect(world.sessions.find(tokenOf("one"))).toEqual(session);
  expect(world.sessions.find(tokenOf("other"))?.userId).toBe("bob");
});

test("Q10 the sessions of a user are listed newest first, and end by token, by id, or all", () => {
  const world = new SessionWorld();
  for (const name of ["a", "b", "c", "d"]) {
    world.create(name);
    world.clock.advance(1);
  }
  world.create("of-bob", "bob");
  const [newest, second] = world.sessions.list("ada");
  expect(newest).toEqual(world.sessions.find(tokenOf("d")));
  expect(world.sessions.endById("ada", second?.id ?? "", false)).toEqual(second);
  expect(world.sessions.endById("bob", newest?.id ?? "", false)).toBeUndefined();
  expect(world.sessions.end(tokenOf("d"))).toEqual(newest);
  expect(world.sessions.list("ada")).toHaveLength(2);
  expect(world.sessions.endAllOf("ada", false)).toHaveLength(2);
  expect(world.sessions.list("ada")).toEqual([]);
  expect(world.sessions.list("bob")).toHaveLength(1);
});

test("Q11 for a further session of a user the oldest ends, also within one millisecond", () => {
  const world = new SessionWorld({ maxPerUser: 2 });
  world.create("a");
  world.clock.advance(1);
  world.create("b");
  world.create("of-bob", "bob");
  world.create("c");
  expect(world.sessions.find(tokenOf("a"))).toBeUndefined();
  for (let n = 0; n < 20; n += 1) {
    const session = world.create(`n${n}`);
    expect(world.sessions.find(tokenOf(`n${n}`))).toEqual(session);
  }
  expect(world.sessions.list("ada")).toHaveLength(2);
  expect(world.sessions.list("bob")).toHaveLength(1);
});

test("Q12 expired rows are swept in batches by a timer, which stops when nothing is left", async () => {
  const world = new SessionWorld();
  const many = SWEEP_LIMIT + 20;
  for (let n = 0; n < many; n += 1) world.create(`n${n}`, `user ${n}`, 60);
  world.create("later", "ada", 3_600);
  expect(await world.pass(60 * SECOND)).toBe(0);
  expect(world.count("auth_sessions")).toBe(many + 1);
  // Two batches, one right after the other.
  expect(await world.pass(60 * SECOND)).toBe(1);
  expect(world.count("auth_sessions")).toBe(21);
  expect(await world.pass(1)).toBe(1);
  expect(world.count("auth_sessions")).toBe(1);
  await world.pass(2 * 3_600 * SECOND);
  expect(world.count("auth_sessions")).toBe(0);
  expect(world.alarmAt).toBeUndefined();
  expect(world.count("timers")).toBe(0);
  expect(await world.pass(30 * DAY)).toBe(0);
});

test("Q12 sessions that are used all the time wake the object for sweeps once a minute at most", async () => {
  const world = new SessionWorld();
  world.create("one", "ada", 10);
  let rings = 0;
  for (let n = 0; n < 600; n += 1) {
    rings += await world.pass(SECOND);
    world.sessions.touch(tokenOf("one"), undefined);
  }
  expect(rings).toBeLessThanOrEqual(10);
  expect(world.sessions.find(tokenOf("one"))).toBeDefined();
});

test("Q12 what is found by user, by expiry or by age is found by an index", () => {
  const { sql } = new SessionWorld();
  for (const query of [
    "SELECT * FROM auth_sessions WHERE user_id = 'ada' AND expires_at > 1 ORDER BY created_at DESC, id",
    "SELECT token FROM auth_sessions WHERE expires_at <= 1 ORDER BY expires_at LIMIT 500",
    "SELECT min(expires_at) AS at FROM auth_sessions",
    "SELECT what FROM auth_ended WHERE until <= 1 ORDER BY until LIMIT 500",
    "SELECT min(until) AS at FROM auth_ended",
  ]) {
    const plan = sql.run<{ detail: string }>(`EXPLAIN QUERY PLAN ${query}`);
    expect(plan[0]?.detail).toMatch(/^SEARCH .* USING (COVERING )?INDEX/);
  }
});
