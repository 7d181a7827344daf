import { existsSync, realpathSync } from "node:fs";
import { dirname, isAbsolute, join, relative, resolve } from "node:path";
import type { RunnerWanted } from "perdure/protocol";
import { Refusal } from "./refusal.ts";

/** Where agents may work on this machine. All paths are absolute. */
export interface Places {
  /** Folders that agents may work in and below. */
  readonly roots: readonly string[];
  /** The folder of sessions that name none. */
  readonly cwd: string;
  /** Folder of the worktrees, one for each session; undefined where sessions work in the folder itself. */
  readonly worktrees?: string | undefined;
}

/** Where one agent works. */
export interface Place {
  readonly cwd: string;
  readonly worktree?: string | undefined;
}

/**
 * Where the agent of a session works: where it did before, where it was to work, or where agents here do.
 *
 * @throws Refusal 403 for a folder outside the roots, links resolved; 404 for one that is not there.
 */
export function placeOf(wanted: RunnerWanted, places: Places): Place {
  const cwd = absolute(wanted.cwd ?? places.cwd);
  if (!existsSync(cwd)) throw new Refusal(404, `there is no folder ${cwd}`);
  requireWithin(cwd, places.roots);
  const { worktrees } = places;
  if (wanted.worktree === undefined) {
    const own = worktreeOf(wanted.session, places);
    return own === undefined ? { cwd } : { cwd, worktree: own };
  }
  const worktree = absolute(wanted.worktree);
  requireWithin(worktree, worktrees === undefined ? places.roots : [...places.roots, worktrees]);
  return { cwd, worktree };
}

/** The worktree that a session is given here; undefined where sessions work in the folder itself. */
export function worktreeOf(session: string, { worktrees }: Places): string | undefined {
  return worktrees === undefined ? undefined : join(worktrees, session);
}

function absolute(path: string): string {
  if (!isAbsolute(path)) throw new Refusal(403, `${JSON.stringify(path)} is no absolute path`);
  return resolve(path);
}

function requireWithin(path: string, roots: readonly string[]): void {
  const real = realPathOf(path);
  if (!roots.some((root) => isWithin(real, realPathOf(root))))
    throw new Refusal(403, `${path} is outside the folders that --root names`);
}

function isWithin(path: string, root: string): boolean {
  const way = relative(root, path);
  return way === "" || (way !== ".." && !way.startsWith("../") && !isAbsolute(way));
}

/** The path without links; of one that is not there, as far as it is. */
function realPathOf(path: string): string {
  if (existsSync(path)) return realpathSync(path);
  const parent = dirname(path);
  return parent === path ? path : resolve(realPathOf(parent), relative(parent, path));
}
