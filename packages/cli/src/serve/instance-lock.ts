import { randomUUID } from "node:crypto";
import { linkSync, renameSync, unlinkSync } from "node:fs";
import type { DataFolder } from "./data-folder.ts";
import { killOrphan } from "./orphan.ts";
import { createPrivateFile, isErrorCode, replacePrivateFile } from "./private-file.ts";
import { identityOf } from "./process-identity.ts";
import { ServeError } from "./serve-error.ts";
import type { ServerRecord } from "./server-record.ts";
import { readServerRecord } from "./server-record.ts";

/** How often to try again after another process changed the lock in between. */
const ATTEMPTS = 10;

/**
 * Holds a data folder for this process: two servers on the same databases would each believe to be the only one. The lock is
 * the file `server.json`, which outlives a process that was killed and is then taken over.
 */
export class InstanceLock {
  readonly #path: string;
  #record: ServerRecord;

  private constructor(path: string, record: ServerRecord) {
    this.#path = path;
    this.#record = record;
  }

  /**
   * Takes the lock. Where the process that had it is gone, the workerd that it left is ended first.
   *
   * Throws `already_running`, which names the URL of the running server.
   */
  static async acquire(folder: DataFolder): Promise<InstanceLock> {
    const record: ServerRecord = {
      pid: process.pid,
      identity: identityOf(process.pid) ?? "",
      workerdPid: null,
      port: null,
      url: null,
      startedAt: new Date().toISOString(),
    };
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      if (createPrivateFile(folder.serverFile, format(record)))
        return new InstanceLock(folder.serverFile, record);
      await clearStaleRecord(folder);
    }
    throw new ServeError(
      "already_running",
      `Other processes are starting servers on ${folder.path} right now: try again.`,
    );
  }

  /** Writes down what changed: the address for clients, and workerd for whoever has to end it should this process be killed. */
  update(changes: Partial<Pick<ServerRecord, "workerdPid" | "port" | "url">>): void {
    this.#record = { ...this.#record, ...changes };
    replacePrivateFile(this.#path, format(this.#record));
  }

  /** Gives the folder free. Harmless where that was done before. */
  release(): void {
    const current = readServerRecord(this.#path);
    if (current?.identity === this.#record.identity && current.pid === this.#record.pid)
      unlinkSync(this.#path);
  }
}

/** Throws `already_running` where the process that wrote the record runs; otherwise removes the record. */
async function clearStaleRecord(folder: DataFolder): Promise<void> {
  const stale = readServerRecord(folder.serverFile);
  if (stale !== undefined) {
    refuseIfAlive(stale, folder);
    // Before the record goes: whoever is killed in between leaves the next one to find it.
    if (stale.workerdPid !== null) await killOrphan(stale.workerdPid, folder);
  }

  // A rename moves the file for one of all processes that try it. What was moved may be newer than what was read.
  const moved = `${folder.serverFile}.${randomUUID()}`;
  try {
    renameSync(folder.serverFile, moved);
  } catch (error) {
    if (isErrorCode(error, "ENOENT")) return;
    throw error;
  }
  try {
    const record = readServerRecord(moved);
    if (record !== undefined && isAlive(record)) {
      linkSync(moved, folder.serverFile);
      refuseIfAlive(record, folder);
    }
  } finally {
    unlinkSync(moved);
  }
}

function refuseIfAlive(record: ServerRecord, folder: DataFolder): void {
  if (!isAlive(record)) return;
  throw new ServeError(
    "already_running",
    `${folder.path} is already served ${record.url === null ? "" : `at ${record.url} `}by process ${record.pid}: use that server, stop it, or choose another folder with --dir.`,
  );
}

function isAlive({ pid, identity }: ServerRecord): boolean {
  return identityOf(pid) === identity;
}

function format(record: ServerRecord): string {
  return `${JSON.stringify(record, undefined, 2)}\n`;
}
