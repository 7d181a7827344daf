import { randomUUID } from "node:crypto";
import type { RunnerEvent } from "perdure/protocol";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { RunnerStateFile } from "../../src/runner/runner-state.ts";
import { Spool, SYNC_AFTER_MS } from "../../src/runner/spool.ts";
import { LossyDisk } from "./lossy-disk.ts";
import { Bench, delta, prompt } from "./relay-fakes.ts";

const begun = (command: number): RunnerEvent => ({ type: "command.begun", command, at: 1 });
const ALL = { events: 1_000, bytes: 1_000_000 };

function open(disk: LossyDisk, problems: string[] = []): Spool {
  return new Spool({
    disk,
    state: new RunnerStateFile(disk),
    newId: randomUUID,
    onDamage: (detail) => problems.push(detail),
    onSyncError: (error) => problems.push(error.message),
  });
}

const held = (spool: Spool) =>
  spool.read(spool.first, ALL).map((json): unknown => JSON.parse(json));

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
});

afterEach(() => {
  vi.useRealTimers();
});

describe("a crash of the machine", () => {
  test("loses nothing that a sync has covered", () => {
    const disk = new LossyDisk();
    const spool = open(disk);
    spool.append(delta("a"));
    expect(disk.syncsUnderWay).toBe(0);
    vi.advanceTimersByTime(SYNC_AFTER_MS);
    disk.finishSyncs();
    spool.append(delta("b"));
    const after = open(disk.afterCrash());
    expect([after.id, held(after)]).toEqual([spool.id, [delta("a")]]);
  });

  test("finds a control event on its way to disk at once, and what came during a sync with the next", () => {
    const disk = new LossyDisk();
    const spool = open(disk);
    spool.append(begun(1));
    spool.append(begun(2));
    expect(disk.syncsUnderWay).toBe(1);
    disk.finishSyncs();
    expect(disk.syncsUnderWay).toBe(1);
    expect(held(open(disk.afterCrash()))).toEqual([begun(1)]);
    disk.finishSyncs();
    expect(held(open(disk.afterCrash()))).toEqual([begun(1), begun(2)]);
  });

  test.each([1, 50, 100, 200, 300, 1_000])(
    "that leaves %i bytes of the unsynced end leaves whole records",
    (kept) => {
      const disk = new LossyDisk();
      const spool = open(disk);
      for (let index = 0; index < 5; index += 1) spool.append(delta(`event ${index}`));
      const damage: string[] = [];
      const after = open(disk.afterCrash(kept), damage);
      const whole = Array.from({ length: after.next - 1 }, (_, index) => delta(`event ${index}`));
      expect(held(after)).toEqual(whole);
      expect(damage).toEqual([]);
    },
  );

  test("in the middle of a rewrite leaves the old file or the new one, with the same events", () => {
    const disk = new LossyDisk();
    const state = new RunnerStateFile(disk);
    const spool = new Spool({ disk, state, newId: randomUUID, compactAtBytes: 1 });
    spool.append(begun(4));
    spool.append(delta("a"));
    const before = disk.afterCrash(1_000);
    spool.acknowledge(1);
    const rewritten = disk.afterCrash();
    for (const each of [before, rewritten]) {
      const after = open(each);
      expect([after.id, after.next, after.hasBegun(4)]).toEqual([spool.id, 3, true]);
      expect(held(after).at(-1)).toEqual(delta("a"));
    }
  });

  test("N14 that loses an acknowledged begin runs nothing twice: the session has it, and the spool is renewed", async () => {
    const disk = new LossyDisk();
    const bench = new Bench(open(disk));
    await bench.start();
    disk.finishSyncs();
    bench.command(prompt(10, "turn-1"));
    bench.ack(2, "turn-1");
    expect(bench.agent.told).toEqual(["prompt turn-1"]);

    const spool = open(disk.afterCrash());
    expect([spool.next, spool.hasBegun(10)]).toEqual([2, false]);
    const next = new Bench(spool);
    const old = spool.id;
    next.connect();
    next.welcome(2, { turn: "turn-1" });
    expect(next.link.redialled).toBe("the spool was renewed");
    next.connect();
    expect(next.link.frames[0]).toMatchObject({ t: "hello", first: 1 });
    expect(spool.id).not.toBe(old);
    next.welcome(0, { turn: "turn-1" });
    await next.agentIsReady();
    expect(next.link.events.map(({ event }) => event.type)).toEqual(["runner.started"]);
    expect(next.agent.told).toEqual([]);
  });

  test("N15 that loses a begin which the session has not got leaves a command that was never acted on", async () => {
    const disk = new LossyDisk();
    const bench = new Bench(open(disk));
    await bench.start();
    bench.ack(1);
    disk.finishSyncs();
    bench.command(prompt(10, "turn-1"));
    expect(bench.agent.told).toEqual([]);

    const next = new Bench(open(disk.afterCrash()));
    await next.start();
    next.command(prompt(10, "turn-1"));
    next.ack(3, "turn-1");
    expect(next.agent.told).toEqual(["prompt turn-1"]);
  });
});

describe("a full disk", () => {
  test("leaves the file whole where a record was written in part", () => {
    const disk = new LossyDisk();
    const spool = open(disk);
    spool.append(delta("a"));
    disk.isFull = true;
    expect(() => spool.append(delta("b"))).toThrow(/An event could not be kept in spool.jsonl/);
    disk.isFull = false;
    expect(spool.append(delta("c"))).toBe(2);
    expect(held(open(disk))).toEqual([delta("a"), delta("c")]);
  });

  test("N26 does not hide that the claim is lost", async () => {
    const disk = new LossyDisk();
    const problems: string[] = [];
    const spool = open(disk, problems);
    const bench = new Bench(spool);
    await bench.start();
    disk.isFull = true;
    bench.relay.closed(4409, "fenced");
    expect(bench.ends).toEqual([{ kind: "closed", code: 4409, reason: "fenced" }]);
    expect(() => spool.close()).not.toThrow();
    expect(problems).toEqual(["ENOSPC: no space left on device"]);
  });
});
