import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import type { DataFolder } from "../src/serve/data-folder.ts";
import { openDataFolder } from "../src/serve/data-folder.ts";
import { InstanceLock } from "../src/serve/instance-lock.ts";
import { identityOf } from "../src/serve/process-identity.ts";
import type { ServerRecord } from "../src/serve/server-record.ts";
import { readServerRecord } from "../src/serve/server-record.ts";
import { configPathOf } from "../src/serve/workerd-config.ts";

let folder: DataFolder;

beforeEach(() => {
  const parent = mkdtempSync(join(tmpdir(), "perdure-lock-"));
  onTestFinished(() => rmSync(parent, { recursive: true, force: true }));
  folder = openDataFolder(join(parent, "data"));
});

/** The record of a server that was killed: its process id now belongs to this one. */
function leaveRecord(changes: Partial<ServerRecord> = {}): void {
  const record: ServerRecord = {
    pid: process.pid,
    identity: "a process of long ago",
    workerdPid: null,
    port: 8787,
    url: "http://127.0.0.1:8787",
    startedAt: "2026-01-01T00:00:00.000Z",
    ...changes,
  };
  writeFileSync(folder.serverFile, JSON.stringify(record));
}

/** A process that sleeps, with one more word in its command line. */
async function startSleeper(word: string) {
  const script = "process.stdout.write('up'); setTimeout(() => {}, 60_000)";
  const sleeper = spawn(process.execPath, ["-e", script, word], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  const exited = once(sleeper, "exit");
  onTestFinished(async () => {
    sleeper.kill("SIGKILL");
    await exited;
  });
  await once(sleeper.stdout, "data");
  if (sleeper.pid === undefined) throw new Error("It cannot be started.");
  return { pid: sleeper.pid, exited };
}

test("The lock says who serves the folder, where, and with which workerd", async () => {
  const lock = await InstanceLock.acquire(folder);
  lock.update({ port: 8787, url: "http://127.0.0.1:8787" });
  lock.update({ workerdPid: 4_242 });
  expect(readServerRecord(folder.serverFile)).toEqual({
    pid: process.pid,
    identity: identityOf(process.pid),
    workerdPid: 4_242,
    port: 8787,
    url: "http://127.0.0.1:8787",
    startedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
  });
});

test("A folder is locked until it is released", async () => {
  const lock = await InstanceLock.acquire(folder);
  lock.update({ port: 8787, url: "http://127.0.0.1:8787" });
  await expect(InstanceLock.acquire(folder)).rejects.toMatchObject({
    code: "already_running",
    message: expect.stringContaining("at http://127.0.0.1:8787 by process"),
  });
  lock.release();
  lock.release();
  (await InstanceLock.acquire(folder)).release();
  expect(readdirSync(folder.path).toSorted()).toEqual([".gitignore", "data", "workerd"]);
});

test("The lock of a process that is gone is taken over, also where its id belongs to another now", async () => {
  leaveRecord();
  await InstanceLock.acquire(folder);
  expect(readServerRecord(folder.serverFile)?.identity).toBe(identityOf(process.pid));
});

test("A lock that nobody can read is taken over", async () => {
  writeFileSync(folder.serverFile, "{");
  await InstanceLock.acquire(folder);
  expect(readServerRecord(folder.serverFile)?.pid).toBe(process.pid);
});

test("Of many that take over one lock, one gets it", async () => {
  leaveRecord();
  const attempts = await Promise.allSettled(
    Array.from({ length: 8 }, () => InstanceLock.acquire(folder)),
  );
  expect(attempts.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
});

test("The workerd that a killed server left is ended before the folder is given to another", async () => {
  const orphan = await startSleeper(configPathOf(folder));
  leaveRecord({ workerdPid: orphan.pid });
  await InstanceLock.acquire(folder);
  expect(identityOf(orphan.pid)).toBeUndefined();
  expect(await orphan.exited).toEqual([null, "SIGKILL"]);
});

test("A process that has the id of a former workerd and is another is left alone", async () => {
  const other = await startSleeper("/elsewhere/workerd/config.capnp");
  leaveRecord({ workerdPid: other.pid });
  await InstanceLock.acquire(folder);
  expect(identityOf(other.pid)).toBeDefined();
});

test("A release leaves the lock of another alone", async () => {
  const lock = await InstanceLock.acquire(folder);
  leaveRecord();
  lock.release();
  expect(readServerRecord(folder.serverFile)?.identity).toBe("a process of long ago");
});
