import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { FolderLockedError, lockFolder } from "../../src/runner/folder-lock.ts";

function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "perdure-lock-test-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

test("a folder is held by one at a time, and free again afterwards", () => {
  const folder = makeFolder();
  const unlock = lockFolder(folder);
  expect(() => lockFolder(folder)).toThrow(FolderLockedError);
  unlock();
  lockFolder(folder)();
});

test("the lock of a process that is gone is taken over", async () => {
  const folder = makeFolder();
  const child = spawn(process.execPath, ["-e", ""]);
  await new Promise((resolve) => child.once("exit", resolve));
  writeFileSync(join(folder, "lock"), JSON.stringify({ pid: child.pid, started: "1" }));
  const unlock = lockFolder(folder);
  expect(JSON.parse(readFileSync(join(folder, "lock"), "utf8"))).toMatchObject({
    pid: process.pid,
  });
  unlock();
});

test.runIf(process.platform !== "win32")(
  "the lock of a process whose id another one has now is taken over",
  () => {
    const folder = makeFolder();
    writeFileSync(join(folder, "lock"), JSON.stringify({ pid: process.pid, started: "long ago" }));
    expect(() => lockFolder(folder)()).not.toThrow();
  },
);

test("a lock that was written in part is taken over", () => {
  const folder = makeFolder();
  writeFileSync(join(folder, "lock"), '{"pid":');
  expect(() => lockFolder(folder)()).not.toThrow();
});
