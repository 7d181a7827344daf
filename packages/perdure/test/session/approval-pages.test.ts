import { expect, test } from "vitest";
import type { ApprovalFilter } from "../../src/session/index.ts";
import type { SessionWorld } from "../support/session-world.ts";
import { writingSession } from "./writing-session.ts";

/** A session with open questions `a` and `b`, and after them as many withdrawn ones of an earlier time as asked for. */
async function askedSession(withdrawn: number) {
  const { world, runner } = await writingSession();
  await runner.ask("a", "p");
  await runner.ask("b", "p");
  world.sql.run(
    `INSERT INTO approvals (position, id, state, digest, request)
       SELECT 1000 + value, 'old-' || value, 'withdrawn', digest, request
       FROM (WITH RECURSIVE n (value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM n WHERE value < ?) SELECT * FROM n),
         (SELECT digest, request FROM approvals WHERE id = 'a')`,
    withdrawn,
  );
  return world;
}

/** Ids and positions of pages, first to last. */
function pagesOf(world: SessionWorld, filter: ApprovalFilter): number[] {
  const sizes: number[] = [];
  for (let before: number | undefined; ;) {
    const { approvals, next } = world.session.approvals({ ...filter, before });
    sizes.push(approvals.length);
    if (next === null) return sizes;
    before = next;
  }
}

test("A16 approvals are listed newest first in pages, of which none repeats or leaves out one", async () => {
  const world = await askedSession(5);
  const first = world.session.approvals({ limit: 3 });
  expect(first).toMatchObject({ next: 1003 });
  const second = world.session.approvals({ limit: 3, before: 1003 });
  const third = world.session.approvals({ limit: 3, before: second.next ?? 0 });
  expect(third.next).toBeNull();
  expect([first, second, third].map(({ approvals }) => approvals.length)).toEqual([3, 3, 1]);
  expect(third.approvals).toMatchObject([{ approval: "a", state: "pending" }]);
  expect(pagesOf(world, {})).toEqual([7]);
  expect(pagesOf(world, { limit: 0 })).toHaveLength(7);
});

test("A16 a page has at most 200, and those that wait are found behind any number that do not", async () => {
  const world = await askedSession(2_500);
  expect(world.session.approvals({ limit: 1_000 }).approvals).toHaveLength(200);
  const read = world.sql.counts.read;
  expect(world.session.approvals({ state: "pending" })).toMatchObject({
    approvals: [{ approval: "b" }, { approval: "a" }],
    next: null,
  });
  expect(world.sql.counts.read - read).toBe(4);
  expect(pagesOf(world, { state: "pending", limit: 1 })).toEqual([1, 1]);
});

test("A16 a page of another state looks through 1,000 at most, and goes on where it has found none", async () => {
  const world = await askedSession(2_500);
  const read = world.sql.counts.read;
  const { approvals, next } = world.session.approvals({ state: "expired" });
  expect({ approvals, next }).toEqual({ approvals: [], next: 2_501 });
  expect(world.sql.counts.read - read).toBe(1_000);
  expect(pagesOf(world, { state: "expired" })).toEqual([0, 0, 0]);
  expect(pagesOf(world, { state: "withdrawn", limit: 200 }).reduce((a, b) => a + b)).toBe(2_500);
});

test("A16 a page ends before it has more than 4 Mi characters, but has at least one", async () => {
  const { world, runner } = await writingSession();
  for (const id of ["a", "b", "c"])
    await runner.ask(id, "p", { input: { text: "x".repeat(3 * 1024 * 1024) } });
  expect(pagesOf(world, {})).toEqual([1, 1, 1]);
});
