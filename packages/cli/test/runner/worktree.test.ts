import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { openWorktree, removeWorktree } from "../../src/runner/index.ts";

const git = (cwd: string, ...words: readonly string[]) =>
  execFileSync("git", ["-c", "user.name=t", "-c", "user.email=t@t", ...words], {
    cwd,
    stdio: "pipe",
  }).toString();

/** A repository with one commit, and a worktree of it. */
async function opened() {
  const base = mkdtempSync(join(tmpdir(), "perdure-worktree-"));
  onTestFinished(() => rmSync(base, { recursive: true, force: true }));
  const [repository, tree] = [join(base, "repository"), join(base, "trees", "s1")];
  mkdirSync(repository);
  git(repository, "init", "-q");
  writeFileSync(join(repository, "a.txt"), "a\n");
  writeFileSync(join(repository, ".gitignore"), "built\n");
  git(repository, "add", ".");
  git(repository, "commit", "-q", "-m", "first");
  await openWorktree(repository, tree);
  return { repository, tree };
}

test("G20 a worktree with nothing new is removed, and its branch stays; so do files that git ignores go", async () => {
  const { repository, tree } = await opened();
  writeFileSync(join(tree, "built"), "made anew\n");
  expect(await removeWorktree(repository, tree)).toBeUndefined();
  expect(existsSync(tree)).toBe(false);
  expect(git(repository, "branch", "--list", "perdure/s1")).not.toBe("");
});

test("G20 what was committed outlives the worktree, and is there when it is opened again", async () => {
  const { repository, tree } = await opened();
  writeFileSync(join(tree, "b.txt"), "b\n");
  git(tree, "add", ".");
  git(tree, "commit", "-q", "-m", "second");
  expect(await removeWorktree(repository, tree)).toBeUndefined();
  await openWorktree(repository, tree);
  expect(existsSync(join(tree, "b.txt"))).toBe(true);
});

test.each([
  ["a changed file", (tree: string) => writeFileSync(join(tree, "a.txt"), "changed\n")],
  ["a file that is not tracked", (tree: string) => writeFileSync(join(tree, "new.txt"), "new\n")],
  [
    "a file in a folder that is not tracked",
    (tree: string) => {
      mkdirSync(join(tree, "notes"));
      writeFileSync(join(tree, "notes", "new.txt"), "new\n");
    },
  ],
  ["a file that is gone", (tree: string) => rmSync(join(tree, "a.txt"))],
])("G20 a worktree with %s stays, whatever git is configured to show", async (_what, change) => {
  const { repository, tree } = await opened();
  git(repository, "config", "status.showUntrackedFiles", "no");
  change(tree);
  expect(await removeWorktree(repository, tree)).toContain("not committed");
  expect(existsSync(tree)).toBe(true);
});

test("G20 commits that are on no branch keep a worktree, until one has them", async () => {
  const { repository, tree } = await opened();
  git(tree, "switch", "-q", "--detach");
  git(tree, "commit", "-q", "--allow-empty", "-m", "nowhere");
  expect(await removeWorktree(repository, tree)).toContain("on no branch");
  git(tree, "branch", "found");
  expect(await removeWorktree(repository, tree)).toBeUndefined();
});

test("G20 what is no worktree any more is left alone, also within another repository", async () => {
  const { repository, tree } = await opened();
  rmSync(join(tree, ".git"));
  expect(await removeWorktree(repository, tree)).toContain("no git worktree");
  expect(await removeWorktree(repository, repository)).toContain("no git worktree");
  expect([existsSync(tree), existsSync(repository)]).toEqual([true, true]);
});

test("G20 git has the last word: a worktree that is locked stays", async () => {
  const { repository, tree } = await opened();
  git(repository, "worktree", "lock", tree);
  await expect(removeWorktree(repository, tree)).rejects.toThrow("git worktree remove");
  expect(existsSync(tree)).toBe(true);
});
