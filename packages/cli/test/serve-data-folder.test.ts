import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { openDataFolder } from "../src/serve/data-folder.ts";
import { openSecret } from "../src/serve/secret.ts";

let parent: string;

beforeEach(() => {
  const folder = mkdtempSync(join(tmpdir(), "perdure-folder-"));
  parent = folder;
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
});

test("A secret is 32 random bytes in a file of its owner, and stays the same", () => {
  const file = join(parent, "secret");
  const secret = openSecret(file);
  expect(Buffer.from(secret, "base64url")).toHaveLength(32);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(openSecret(file)).toBe(secret);
  expect(openSecret(join(parent, "other"))).not.toBe(secret);
});

test("A file that holds no secret is refused without being changed", () => {
  const file = join(parent, "secret");
  writeFileSync(file, "short\n");
  expect(() => openSecret(file)).toThrow(`The file ${file} holds 5 bytes`);
  expect(readFileSync(file, "utf8")).toBe("short\n");
});

test("A new folder keeps its contents out of a checkout", () => {
  const { path } = openDataFolder(join(parent, "new"));
  expect(readFileSync(join(path, ".gitignore"), "utf8")).toBe("*\n");
});

test("A folder that existed keeps its mode and gets no .gitignore", () => {
  const existing = join(parent, "existing");
  mkdirSync(existing, { mode: 0o755 });
  const folder = openDataFolder(existing);
  expect(statSync(existing).mode & 0o777).toBe(0o755);
  expect(existsSync(join(existing, ".gitignore"))).toBe(false);
  expect(statSync(folder.storage).mode & 0o777).toBe(0o700);
});
