import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { WorktreeKeeper } from "../src/gateway/worktree-keeper.ts";

/** A keeper on a folder of its own, and what it has done. `next` is the one that comes after it. */
function keeping() {
  const folder = mkdtempSync(join(tmpdir(), "perdure-keeper-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const world = {
    over: new Set<string>(),
    busy: new Set<string>(),
    removed: [] as string[],
    lines: [] as string[],
    stays: undefined as string | undefined,
    path: join(folder, "worktrees.json"),
    tree: (session: string) => join(folder, "trees", session),
    next: () =>
      new WorktreeKeeper({
        path: world.path,
        isOver: async (session) => world.over.has(session),
        whileAway: async (session, work) => {
          if (!world.busy.has(session)) await work();
        },
        remove: async (_cwd, worktree) => {
          if (world.stays === "broken") throw new Error("git failed");
          if (world.stays !== undefined) return world.stays;
          rmSync(worktree, { recursive: true });
          world.removed.push(worktree);
          return undefined;
        },
        log: (line) => world.lines.push(line),
      }),
    /** What a runner does. */
    make: (session: string) => mkdirSync(world.tree(session), { recursive: true }),
  };
  return world;
}

test("G20 a worktree is removed once its session is over and has no runner, also by the next gateway, and once", async () => {
  const world = keeping();
  const keeper = world.next();
  for (const session of ["a", "b"]) {
    keeper.give(session, "/repository", world.tree(session));
    world.make(session);
  }
  await keeper.reviewAll();
  expect(world.removed).toEqual([]);
  world.over.add("a");
  world.busy.add("a");
  await keeper.reviewAll();
  expect(world.removed).toEqual([]);
  world.busy.clear();
  const next = world.next();
  await next.reviewAll();
  expect(world.removed).toEqual([world.tree("a")]);
  expect(readFileSync(world.path, "utf8")).not.toContain('"a"');
  await next.reviewAll();
  await world.next().reviewAll();
  expect(world.removed).toHaveLength(1);
});

test("G20 one in which something would be lost stays and is looked at again; so is one where git fails", async () => {
  const world = keeping();
  const keeper = world.next();
  keeper.give("a", "/repository", world.tree("a"));
  world.make("a");
  world.over.add("a");
  for (const why of ["there are changes", "broken"]) {
    world.stays = why;
    await keeper.review("a");
  }
  expect(world.lines).toEqual([
    `a: its worktree ${world.tree("a")} stays: there are changes`,
    `a: its worktree ${world.tree("a")} stays: git failed`,
  ]);
  world.stays = undefined;
  await keeper.review("a");
  expect(world.removed).toEqual([world.tree("a")]);
});

test("G20 a worktree that was there before, or was not given here, is nobody's to remove", async () => {
  const world = keeping();
  const keeper = world.next();
  for (const session of ["there", "beside"]) {
    world.make(session);
    world.over.add(session);
  }
  keeper.give("there", "/repository", world.tree("there"));
  await keeper.reviewAll();
  await keeper.review("beside");
  expect([world.removed, world.lines]).toEqual([[], []]);
});

test("G20 a worktree that somebody else has removed is forgotten, and a file that makes no sense names none", async () => {
  const world = keeping();
  const keeper = world.next();
  keeper.give("a", "/repository", world.tree("a"));
  world.over.add("a");
  await keeper.reviewAll();
  expect(JSON.parse(readFileSync(world.path, "utf8"))).toEqual({ worktrees: [] });
  for (const text of ["", "{", "[]", '{"worktrees":[1,{"session":"a"}]}']) {
    writeFileSync(world.path, text);
    await world.next().reviewAll();
  }
  expect(world.removed).toEqual([]);
});

test("G20 a gateway that is being stopped reviews nothing", async () => {
  const world = keeping();
  const keeper = world.next();
  keeper.give("a", "/repository", world.tree("a"));
  world.make("a");
  world.over.add("a");
  keeper.stop();
  await keeper.reviewAll();
  expect(world.removed).toEqual([]);
});
