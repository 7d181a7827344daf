import { execFile } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { promisify } from "node:util";

/** How long git may take, in milliseconds: a large checkout takes a while. */
const GIT_TIMEOUT_MS = 120_000;

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

async function git(cwd: string, ...parameters: readonly string[]): Promise<void> {
  try {
    await promisify(execFile)("git", parameters, { cwd, timeout: GIT_TIMEOUT_MS });
  } catch (error) {
    const said = error instanceof Error && "stderr" in error ? String(error.stderr).trim() : "";
    const why = said === "" ? String(error) : said;
    throw new Error(`git ${parameters.slice(0, 2).join(" ")} in ${cwd} failed: ${why}`, {
      cause: error,
    });
  }
}
