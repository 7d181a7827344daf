import { execFile } from "node:child_process";
import { existsSync, mkdirSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { promisify } from "node:util";

/** How long git may take, in milliseconds: a large checkout takes a while. */
const GIT_TIMEOUT_MS = 120_000;

/** A line for each of very many files. */
const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;

/**
 * Has a git worktree of the repository at `cwd` in a folder: makes it where it is not there, on a branch `perdure/<name>` named
 * after the folder, and gives it back as it is where it was made before. Both paths are absolute.
 *
 * @throws Error where `cwd` is no repository, or something else is in the folder.
 */
export async function openWorktree(cwd: string, folder: string): Promise<void> {
  if (existsSync(folder)) {
    if (existsSync(join(folder, ".git"))) return;
    throw new Error(`${folder} is there and is no git worktree: move it away, or choose another.`);
  }
  mkdirSync(dirname(folder), { recursive: true });
  const branch = `perdure/${basename(folder)}`;
  // A folder that somebody has removed is still listed, and its branch still has what was committed.
  await git(cwd, "worktree", "prune");
  const isKnown = await git(cwd, "show-ref", "--verify", "--quiet", `refs/heads/${branch}`).then(
    () => true,
    () => false,
  );
  await git(
    cwd,
    "worktree",
    "add",
    ...(isKnown ? ["--", folder, branch] : ["-b", branch, "--", folder]),
  );
}

/**
 * Removes a worktree that `openWorktree` has made of the repository at `cwd`, where nothing would be lost: its branch stays, and
 * what is not committed keeps the worktree. Files that git ignores go. Answers why it stays; undefined where it is gone.
 *
 * @throws Error where git fails, or will not remove it.
 */
export async function removeWorktree(cwd: string, folder: string): Promise<string | undefined> {
  // In any other folder git would look at the repository around it.
  const link = statSync(join(folder, ".git"), { throwIfNoEntry: false });
  if (link?.isFile() !== true) return "it is no git worktree any more";
  // Whatever the repository is configured to leave out.
  const all = ["--untracked-files=all", "--ignore-submodules=none"];
  if ((await git(folder, "status", "--porcelain", ...all)) !== "")
    return "there are changes in it that are not committed";
  const kept = ["refs/heads", "refs/tags", "refs/remotes"];
  if ((await git(folder, "for-each-ref", "--count=1", "--contains", "HEAD", ...kept)) === "")
    return "there are commits in it that are on no branch";
  await git(cwd, "worktree", "remove", "--", folder);
  return undefined;
}

async function git(cwd: string, ...parameters: readonly string[]): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)("git", parameters, {
      cwd,
      timeout: GIT_TIMEOUT_MS,
      maxBuffer: MAX_OUTPUT_BYTES,
    });
    return stdout;
  } catch (error) {
    const said = error instanceof Error && "stderr" in error ? String(error.stderr).trim() : "";
    const why = said === "" ? String(error) : said;
    throw new Error(`git ${parameters.slice(0, 2).join(" ")} in ${cwd} failed: ${why}`, {
      cause: error,
    });
  }
}
