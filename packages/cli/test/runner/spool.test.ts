import { randomUUID } from "node:crypto";
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RunnerEvent } from "perdure/protocol";
import { expect, onTestFinished, test } from "vitest";
import { FolderDisk } from "../../src/runner/folder-disk.ts";
import { RunnerStateFile } from "../../src/runner/runner-state.ts";
import { Spool } from "../../src/runner/spool.ts";

const delta = (text: string): RunnerEvent => ({ type: "text-delta", id: "t", delta: text });
const begun = (command: number): RunnerEvent => ({ type: "command.begun", command, at: 1 });
const ALL = { events: 1_000, bytes: 1_000_000 };

function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "perdure-spool-test-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function open(folder: string, options: { compactAtBytes?: number; damage?: string[] } = {}): Spool {
  const { compactAtBytes, damage } = options;
  const disk = new FolderDisk(folder);
  const spool = new Spool({
    disk,
    state: new RunnerStateFile(disk),
    newId: randomUUID,
    ...(compactAtBytes === undefined ? {} : { compactAtBytes }),
    onDamage: (detail) => damage?.push(detail),
  });
  onTestFinished(() => spool.close());
  return spool;
}

const held = (spool: Spool) =>
  spool.read(spool.first, ALL).map((json): unknown => JSON.parse(json));

test("events are numbered from 1 without a gap, and come back as they were", () => {
  const spool = open(makeFolder());
  expect([spool.append(delta("ä")), spool.append(delta("\u{1F600}\n")), spool.next]).toEqual([
    1, 2, 3,
  ]);
  expect(held(spool)).toEqual([delta("ä"), delta("\u{1F600}\n")]);
});

test("an event is in the file when append returns: a process that dies loses none", () => {
  const folder = makeFolder();
  const spool = open(folder);
  spool.append(delta("a"));
  expect(readFileSync(join(folder, "spool.jsonl"), "utf8").trimEnd().split("\n").at(-1)).toMatch(
    /^\{"r":1,"crc":\d+,"e":\{"type":"text-delta","id":"t","delta":"a"\}\}$/,
  );
});

test("a process after a crash goes on under the same id with the next number", () => {
  const folder = makeFolder();
  const first = open(folder);
  first.append(delta("a"));
  first.append(delta("b"));
  const second = open(folder);
  expect(second.id).toBe(first.id);
  expect(held(second)).toEqual([delta("a"), delta("b")]);
  expect(second.append(delta("c"))).toBe(3);
});

test.each([
  ["half a record", (line: string) => line.slice(0, 20)],
  ["a record without its line break", (line: string) => line],
  ["a record that fails its checksum", (line: string) => `${line.replace("late", "LATE")}\n`],
  ["a record of another number", (line: string) => `${line.replace('"r":3', '"r":4')}\n`],
  ["zeros", () => "\0\0\0\0\n"],
])("a file that ends with %s is cut off there", (_what, damaged) => {
  const folder = makeFolder();
  const path = join(folder, "spool.jsonl");
  const first = open(folder);
  first.append(delta("a"));
  first.append(delta("b"));
  const whole = readFileSync(path, "utf8");
  first.append(delta("late"));
  const line = readFileSync(path, "utf8").slice(whole.length).trimEnd();
  writeFileSync(path, whole + damaged(line));

  const damage: string[] = [];
  const second = open(folder, { damage });
  expect(held(second)).toEqual([delta("a"), delta("b")]);
  expect(readFileSync(path, "utf8")).toBe(whole);
  expect(second.append(delta("c"))).toBe(3);
  expect(held(open(folder))).toEqual([delta("a"), delta("b"), delta("c")]);
  expect(damage).toEqual([]);
});

test("damage before the last record cuts there too, keeps what followed, and is told", () => {
  const folder = makeFolder();
  const path = join(folder, "spool.jsonl");
  const first = open(folder);
  for (const text of ["one", "two", "three"]) first.append(delta(text));
  writeFileSync(path, readFileSync(path, "utf8").replace("two", "TWO"));
  const damage: string[] = [];
  expect(held(open(folder, { damage }))).toEqual([delta("one")]);
  expect(damage).toHaveLength(1);
  expect(readFileSync(join(folder, "spool.damaged"), "utf8")).toContain("three");
});

test("a damaged header begins a new spool under a new id, and keeps the old file", () => {
  const folder = makeFolder();
  const first = open(folder);
  first.append(delta("a"));
  const path = join(folder, "spool.jsonl");
  writeFileSync(path, readFileSync(path, "utf8").replace('"first":1', '"first":9'));
  const damage: string[] = [];
  const second = open(folder, { damage });
  expect(second.id).not.toBe(first.id);
  expect([second.first, second.next, damage.length]).toEqual([1, 1, 1]);
  expect(existsSync(join(folder, "spool.damaged"))).toBe(true);
});

test("acknowledged events are no longer held, and the numbers go on", () => {
  const spool = open(makeFolder());
  for (const text of ["a", "b", "c"]) spool.append(delta(text));
  spool.acknowledge(2);
  expect([spool.first, spool.next, held(spool)]).toEqual([3, 4, [delta("c")]]);
  spool.acknowledge(1);
  expect(spool.first).toBe(3);
  spool.acknowledge(99);
  expect([spool.first, spool.next, spool.bytes]).toEqual([4, 4, 0]);
});

test("the file is rewritten without acknowledged events when these are most of it", () => {
  const folder = makeFolder();
  const path = join(folder, "spool.jsonl");
  const spool = open(folder, { compactAtBytes: 1_000 });
  for (let index = 0; index < 100; index += 1) spool.append(delta(`event ${index}`));
  const before = statSync(path).size;
  spool.acknowledge(95);
  expect(statSync(path).size).toBeLessThan(before / 5);
  spool.append(delta("after"));
  expect(spool.read(96, ALL).map((json) => JSON.parse(json).delta)).toEqual([
    "event 95",
    "event 96",
    "event 97",
    "event 98",
    "event 99",
    "after",
  ]);
  const reopened = open(folder);
  expect([reopened.id, reopened.first, reopened.next]).toEqual([spool.id, 96, 102]);
});

test("a file of which everything is acknowledged is emptied at the next start", () => {
  const folder = makeFolder();
  const first = open(folder);
  first.append(begun(4));
  first.append(delta("a"));
  first.acknowledge(2);
  first.close();
  const second = open(folder);
  expect([second.first, second.next]).toEqual([3, 3]);
  expect(readFileSync(join(folder, "spool.jsonl"), "utf8").trimEnd().split("\n")).toHaveLength(1);
  expect(second.append(delta("b"))).toBe(3);
});

test("commands that were begun are known after a crash, and after the file was rewritten", () => {
  const folder = makeFolder();
  const first = open(folder, { compactAtBytes: 1 });
  first.append(begun(4));
  expect(open(folder).hasBegun(4)).toBe(true);
  first.acknowledge(1);
  expect(readFileSync(join(folder, "spool.jsonl"), "utf8")).not.toContain("command.begun");
  const reopened = open(folder);
  expect([reopened.hasBegun(4), reopened.hasBegun(5)]).toEqual([true, false]);
});

test("a renewed spool is empty under a new id, and stays so", () => {
  const folder = makeFolder();
  const spool = open(folder);
  const { id } = spool;
  spool.append(delta("dropped"));
  spool.renew();
  expect([spool.first, spool.next, held(spool)]).toEqual([1, 1, []]);
  expect(spool.id).not.toBe(id);
  expect(spool.append(delta("a"))).toBe(1);
  expect([open(folder).id, held(open(folder))]).toEqual([spool.id, [delta("a")]]);
});

test("N26 a command whose begin a renewal drops was not begun, one that was acknowledged was", () => {
  const folder = makeFolder();
  const spool = open(folder);
  spool.append(begun(4));
  spool.append(begun(5));
  spool.acknowledge(1);
  spool.renew();
  expect([spool.hasBegun(4), spool.hasBegun(5)]).toEqual([true, false]);
  const reopened = open(folder);
  expect([reopened.hasBegun(4), reopened.hasBegun(5)]).toEqual([true, false]);
});

test("a read ends with the event that reaches its bound of bytes, and has at least one", () => {
  const spool = open(makeFolder());
  for (let index = 0; index < 10; index += 1) spool.append(delta("x".repeat(100)));
  expect(spool.read(1, { events: 100, bytes: 1 })).toHaveLength(1);
  expect(spool.read(1, { events: 100, bytes: 400 })).toHaveLength(3);
  expect(spool.read(9, { events: 1, bytes: 1_000 })).toHaveLength(1);
  expect(spool.read(11, ALL)).toEqual([]);
});

test("a state file that cannot be read is as good as none", () => {
  const folder = makeFolder();
  writeFileSync(join(folder, "state.json"), '{"agentSession":');
  const disk = new FolderDisk(folder);
  expect(new RunnerStateFile(disk).current).toEqual({ begun: [] });
  new RunnerStateFile(disk).update({ agentSession: "a" });
  expect(new RunnerStateFile(disk).current).toEqual({ agentSession: "a", begun: [] });
});

test("what others append to the file is noticed, and never sent", () => {
  const folder = makeFolder();
  const spool = open(folder);
  spool.append(delta("a"));
  appendFileSync(join(folder, "spool.jsonl"), "x");
  expect(() => {
    spool.append(delta("b"));
    spool.read(1, ALL);
  }).toThrow(/changed while a runner used it/);
});
