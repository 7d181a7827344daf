import { expect, test } from "vitest";
import type { Memory } from "../../src/object/index.ts";
import {
  canonicalJson,
  COMMAND_MIGRATIONS,
  COMMAND_WINDOW_MS,
  Commands,
  migrate,
  RevertibleSql,
  storeRefusal,
} from "../../src/object/index.ts";
import type { Command, ErrorCode, Reply } from "../../src/protocol/index.ts";
import { PerdureError } from "../../src/protocol/index.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { NodeSql } from "../support/node-sql.ts";

const DAY = 24 * 60 * 60 * 1000;
const PAUSE: Command = { op: "pause" };
const RENAME: Command = { op: "set-meta", patch: { title: "a", color: "b" } };

/** A UUIDv7 of a time; `serial` tells apart those of one time. */
function uuid7(time: number, serial = 0): string {
  const hex = time.toString(16).padStart(12, "0");
  return `${hex.slice(0, 8)}-${hex.slice(8)}-7abc-8def-${serial.toString(16).padStart(12, "0")}`;
}

/** An object whose commands count, in a table and in memory. */
class CommandWorld implements Memory {
  readonly clock = new FakeClock();
  readonly storage = new NodeSql();
  readonly sql = new RevertibleSql(this.storage, this);
  commands = new Commands(this.sql, this.clock);
  counted = 0;

  constructor() {
    migrate(this.sql, [
      { owner: "commands", migrations: COMMAND_MIGRATIONS },
      { owner: "app", migrations: [{ version: 1, sql: "CREATE TABLE effects (id TEXT)" }] },
    ]);
  }

  mark(): () => void {
    const { counted } = this;
    return () => {
      this.counted = counted;
    };
  }

  evict(): void {
    this.commands = new Commands(this.sql, this.clock);
  }

  /** Runs a command whose effect is a row and a count, and which then throws, if told to. */
  run(id: string, { sender = "ada", command = PAUSE, failure }: RunOptions = {}): Reply {
    try {
      return this.sql.transaction(() =>
        this.commands.once(id, sender, command, () => {
          this.sql.run("INSERT INTO effects (id) VALUES (?)", id);
          this.counted += 1;
          if (failure !== undefined) throw failure;
          return { ok: true, result: { position: this.counted } };
        }),
      );
    } catch (error) {
      return this.sql.transaction(() => storeRefusal(error));
    }
  }

  effects(): readonly string[] {
    return this.sql.run<{ id: string }>("SELECT id FROM effects").map(({ id }) => id);
  }

  remembered(): readonly string[] {
    return this.sql.run<{ id: string }>("SELECT id FROM commands ORDER BY id").map(({ id }) => id);
  }
}

interface RunOptions {
  readonly sender?: string;
  readonly command?: Command;
  readonly failure?: Error;
}

function codeOf(work: () => unknown): ErrorCode | undefined {
  try {
    work();
  } catch (error) {
    if (error instanceof PerdureError) return error.code;
    throw error;
  }
  return undefined;
}

test("C1 a command sent again has no second effect and the identical reply, after an eviction too", () => {
  const world = new CommandWorld();
  const first = world.run("c1");
  world.run("c2");
  expect(world.run("c1")).toEqual(first);
  world.evict();
  expect(world.run("c1")).toEqual(first);
  expect(first).toEqual({ ok: true, result: { position: 1 } });
  expect(world.effects()).toEqual(["c1", "c2"]);
});

test("C2 an id that is used for another command or by another sender is refused without effect", () => {
  const world = new CommandWorld();
  world.run("c1");
  expect(codeOf(() => world.run("c1", { command: RENAME }))).toBe("id_reused");
  expect(codeOf(() => world.run("c1", { sender: "bob" }))).toBe("id_reused");
  expect(world.effects()).toEqual(["c1"]);
  expect(world.run("c1")).toMatchObject({ ok: true });
});

test("C2 sender and command cannot be shifted into each other", () => {
  const world = new CommandWorld();
  world.run("c1", { sender: `ada\n${canonicalJson(RENAME)}` });
  expect(codeOf(() => world.run("c1", { sender: "ada", command: RENAME }))).toBe("id_reused");
});

test("C3 effect and reply are undone together when the transaction fails", () => {
  const world = new CommandWorld();
  expect(() =>
    world.sql.transaction(() => {
      world.run("c1");
      throw new Error("the disk is full");
    }),
  ).toThrow("the disk is full");
  expect([world.effects(), world.remembered(), world.counted]).toEqual([[], [], 0]);
  expect(world.run("c1")).toEqual({ ok: true, result: { position: 1 } });
});

test.for<ErrorCode>(["turn_not_found", "already_decided", "session_terminated"])(
  "C4 the refusal %s is stored as the reply, and leaves neither rows nor memory",
  (code) => {
    const world = new CommandWorld();
    const failure = new PerdureError(code, "No.", { by: "bob" });
    const refused = { ok: false, error: { code, detail: "No.", extra: { by: "bob" } } };
    expect(world.run("c1", { failure })).toEqual(refused);
    expect([world.effects(), world.counted]).toEqual([[], 0]);
    world.evict();
    expect(world.run("c1")).toEqual(refused);
    expect(world.effects()).toEqual([]);
  },
);

test.for<ErrorCode>(["too_many_turns", "unavailable", "bad_request", "too_large", "internal"])(
  "C4 the refusal %s is not stored: the same id may be tried again",
  (code) => {
    const world = new CommandWorld();
    expect(codeOf(() => world.run("c1", { failure: new PerdureError(code, "Not now.") }))).toBe(
      code,
    );
    expect([world.effects(), world.remembered(), world.counted]).toEqual([[], [], 0]);
    expect(world.run("c1")).toMatchObject({ ok: true });
  },
);

test("C4 a fault leaves neither rows nor memory, and the same id may be tried again", () => {
  const world = new CommandWorld();
  expect(() => world.run("c1", { failure: new TypeError("a bug") })).toThrow("a bug");
  expect([world.effects(), world.remembered(), world.counted]).toEqual([[], [], 0]);
  expect(world.run("c1")).toMatchObject({ ok: true });
});

test("C5 a UUIDv7 is good for 30 days from the time in it, to the millisecond", () => {
  const world = new CommandWorld();
  const now = world.clock.now();
  expect(world.run(uuid7(now - COMMAND_WINDOW_MS))).toMatchObject({ ok: true });
  expect(codeOf(() => world.run(uuid7(now - COMMAND_WINDOW_MS - 1)))).toBe("command_expired");
  expect(world.effects()).toHaveLength(1);
});

test("C5 an id that is pruned is refused, never taken for a new one", () => {
  const world = new CommandWorld();
  const ids = [0, 1, 2, 3].map((day) => uuid7(world.clock.now() + day * DAY));
  for (const id of ids) {
    world.run(id);
    world.clock.advance(DAY);
  }
  world.clock.advance(COMMAND_WINDOW_MS - 3 * DAY + 1);
  world.run("prunes");
  expect(world.remembered()).toEqual([...ids.slice(2), "prunes"]);
  const again = ids.map((id) => codeOf(() => world.run(id)));
  expect(again).toEqual(["command_expired", "command_expired", undefined, undefined]);
  expect(world.effects()).toHaveLength(5);
});

test("C5 an id in capitals is pruned like any other, and an id that is no UUIDv7 never", () => {
  const world = new CommandWorld();
  const now = world.clock.now();
  const ids = ["0", "00000000-0000-4000-8000-000000000000", uuid7(now, 0xabc).toUpperCase()];
  for (const id of ids) world.run(id);
  world.clock.advance(COMMAND_WINDOW_MS + 1);
  world.run("prunes");
  expect(world.remembered()).toEqual([...ids.slice(0, 2), "prunes"]);
});

test("C5 very many expired ids are pruned a bounded number at a time, until none is left", () => {
  const world = new CommandWorld();
  const now = world.clock.now();
  world.sql.transaction(() => {
    for (let serial = 0; serial < 1_200; serial += 1) world.run(uuid7(now, serial));
  });
  world.clock.advance(COMMAND_WINDOW_MS + 1);
  const left = ["a", "b", "c"].map((id) => {
    world.run(id);
    return world.remembered().filter((one) => one.startsWith("0")).length;
  });
  expect(left).toEqual([700, 200, 0]);
});

test("C6 a UUIDv7 more than a day ahead is refused and not stored", () => {
  const world = new CommandWorld();
  const now = world.clock.now();
  expect(codeOf(() => world.run(uuid7(now + DAY + 1)))).toBe("bad_request");
  expect(world.run(uuid7(now + DAY))).toMatchObject({ ok: true });
  expect(world.effects()).toEqual([uuid7(now + DAY)]);
});

test("C10 the order of keys makes no difference to whether two commands are the same", () => {
  const world = new CommandWorld();
  const first = world.run("c1", { command: RENAME });
  const command: Command = { patch: { color: "b", title: "a" }, op: "set-meta" };
  expect(world.run("c1", { command })).toEqual(first);
  expect(world.effects()).toEqual(["c1"]);
});

test("C2 C10 a command that is kept by its digest is told from others as a short one is", () => {
  const world = new CommandWorld();
  const patch = { text: "x".repeat(1_000), color: "b" };
  const first = world.run("c1", { command: { op: "set-meta", patch } });
  const again: Command = { patch: { color: "b", text: patch.text }, op: "set-meta" };
  expect(world.run("c1", { command: again })).toEqual(first);
  const other: Command = { op: "set-meta", patch: { ...patch, color: "c" } };
  expect(codeOf(() => world.run("c1", { command: other }))).toBe("id_reused");
  expect(codeOf(() => world.run("c1", { command: again, sender: "bob" }))).toBe("id_reused");
  expect(world.effects()).toEqual(["c1"]);
});

test("a command costs one row besides its effect", () => {
  const world = new CommandWorld();
  world.run("c0");
  const { written } = world.storage.counts;
  world.run("c1");
  expect(world.storage.counts.written - written).toBe(2);
});
