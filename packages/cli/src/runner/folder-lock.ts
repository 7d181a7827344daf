import { execFileSync } from "node:child_process";
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isObject } from "perdure/protocol";

/** Who holds a lock. */
interface LockHolder {
  readonly pid: number;
  /** When the process started, in the system's own terms: tells it from a later process with the same id. */
  readonly started: string;
}

/** The folder is in use by another process. */
export class FolderLockedError extends Error {
  override readonly name = "FolderLockedError";

  constructor(folder: string, pid: number) {
    super(
      `Another runner (process ${pid}) uses ${folder}. Stop it, or choose another folder with --state-dir.`,
    );
  }
}

/**
 * Takes a folder for this process alone, as `lock` in it. The lock of a process that is gone is taken over.
 *
 * @returns A function that gives the folder back.
 * @throws FolderLockedError when another process that still runs holds it.
 */
export function lockFolder(folder: string): () => void {
  const path = join(folder, "lock");
  const own = JSON.stringify({ pid: process.pid, started: startOf(process.pid) ?? "" });
  const draft = join(folder, `lock.${process.pid}`);
  writeFileSync(draft, own, { mode: 0o600 });
  try {
    // A link either makes the whole file or fails; one more try for each process that died with the lock.
    for (let attempt = 0; attempt < 5; attempt += 1) {
      if (linkIfFree(draft, path)) return () => releaseIfOwn(path, own);
      const text = readIfThere(path);
      if (text === undefined) continue;
      const holder = parseHolder(text);
      if (holder !== undefined && isRunning(holder)) {
        throw new FolderLockedError(folder, holder.pid);
      }
      removeIfSame(path, text);
    }
  } finally {
    rmSync(draft, { force: true });
  }
  throw new Error(`${path} changes hands all the time; try again.`);
}

/** The process that holds a folder and runs; undefined where there is none. */
export function lockHolder(folder: string): number | undefined {
  const text = readIfThere(join(folder, "lock"));
  const holder = text === undefined ? undefined : parseHolder(text);
  return holder !== undefined && isRunning(holder) ? holder.pid : undefined;
}

function linkIfFree(draft: string, path: string): boolean {
  try {
    linkSync(draft, path);
    return true;
  } catch (error) {
    if (isObject(error) && error["code"] === "EEXIST") return false;
    throw error;
  }
}

/** Two processes may find the same stale lock: the one that comes late must not remove the other's fresh one. */
function removeIfSame(path: string, text: string): void {
  const aside = `${path}.stale.${process.pid}`;
  try {
    renameSync(path, aside);
  } catch {
    return;
  }
  if (readIfThere(aside) !== text) linkIfFree(aside, path);
  rmSync(aside, { force: true });
}

function releaseIfOwn(path: string, own: string): void {
  if (readIfThere(path) === own) rmSync(path, { force: true });
}

function isRunning(holder: LockHolder): boolean {
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    if (isObject(error) && error["code"] === "ESRCH") return false;
  }
  const started = startOf(holder.pid);
  return started === undefined || holder.started === "" || started === holder.started;
}

/** The start of a process, where the system tells. Linux: clock ticks since boot, field 22 of `stat`. */
function startOf(pid: number): string | undefined {
  try {
    if (process.platform === "linux") {
      const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
      return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
    }
    if (process.platform === "win32") return undefined;
    return execFileSync("ps", ["-o", "lstart=", "-p", String(pid)], { encoding: "utf8" }).trim();
  } catch {
    return undefined;
  }
}

function parseHolder(text: string): LockHolder | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (!isObject(value)) return undefined;
    const { pid, started } = value;
    return typeof pid === "number" && typeof started === "string" ? { pid, started } : undefined;
  } catch {
    return undefined;
  }
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
