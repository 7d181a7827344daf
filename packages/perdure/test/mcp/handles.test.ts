import { expect, test } from "vitest";
import { Handles } from "../../src/mcp/handle-client.ts";
import type { HandleCall } from "../../src/mcp/handle-rpc.ts";
import { HANDLE_MIGRATIONS } from "../../src/mcp/handle-schema.ts";
import { HANDLE_TIMER, HandleStore, unknownHandle } from "../../src/mcp/handle-store.ts";
import { mintId } from "../../src/mcp/signed-id.ts";
import { migrate, TIMER_MIGRATIONS, Timers } from "../../src/object/index.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { NodeSql } from "../support/node-sql.ts";
import { randomFrom } from "../support/random.ts";

const SECRET = "a secret of this test, 32 bytes or more";
const HOUR = 60 * 60 * 1000;
const DAY = 24 * HOUR;
const MIB = 1024 * 1024;

const NOT_FOUND = expect.objectContaining({ code: "not_found" });

/** Handles whose objects are here. */
class World {
  readonly clock = new FakeClock();
  /** Calls that reached an object. */
  readonly calls: HandleCall[] = [];
  /** Each call has its effect, and then its answer is lost so many times. */
  lost = 0;
  /** What happens before the next call is repeated. */
  between: (() => Promise<unknown>) | undefined;
  readonly handles = new Handles({
    clock: this.clock,
    secret: async () => SECRET,
    use: async (handle, subject, call) => {
      for (; this.lost > 0; this.lost -= 1) {
        await this.#objectOf(handle).store.use(subject, call);
        const { between } = this;
        this.between = undefined;
        await between?.();
      }
      this.calls.push(call);
      // An object in which nothing is stored makes no tables but for a handle.
      if (call.do !== "create" && !this.#objects.has(handle))
        return { ok: false, error: unknownHandle().toProblem() };
      return this.#objectOf(handle).store.use(subject, call);
    },
  });
  readonly #objects = new Map<string, { sql: NodeSql; timers: Timers; store: HandleStore }>();

  /** Rows that handles have, timers too, and those that were written. */
  get rows() {
    const sqls = [...this.#objects.values()].map(({ sql }) => sql);
    const tables = ["mcp_handle", "mcp_tasks", "mcp_inputs", "timers"];
    return {
      kept: tables.map((table) =>
        sqls.reduce((sum, sql) => sum + sql.run(`SELECT * FROM ${table}`).length, 0),
      ),
      written: sqls.reduce((sum, { counts }) => sum + counts.written, 0),
    };
  }

  /** Memory of every object is lost. */
  evict(): void {
    for (const [handle, { sql }] of this.#objects) this.#objects.set(handle, this.#load(sql));
  }

  async later(milliseconds: number): Promise<void> {
    this.clock.advance(milliseconds);
    for (const { timers, store } of this.#objects.values())
      await timers.ring(async ({ name }) => {
        if (name === HANDLE_TIMER) await store.ring();
      });
  }

  #objectOf(handle: string) {
    const known = this.#objects.get(handle);
    if (known !== undefined) return known;
    const sql = new NodeSql();
    migrate(sql, [
      { owner: "timers", migrations: TIMER_MIGRATIONS },
      { owner: "mcp-handle", migrations: HANDLE_MIGRATIONS },
    ]);
    const made = this.#load(sql);
    this.#objects.set(handle, made);
    return made;
  }

  #load(sql: NodeSql) {
    const timers = new Timers(sql, this.clock, { set: () => {}, clear: () => {} });
    const erase = async () => {
      for (const table of ["mcp_handle", "mcp_tasks", "mcp_inputs", "timers"])
        sql.run(`DELETE FROM ${table}`);
    };
    return { sql, timers, store: new HandleStore({ sql, clock: this.clock, timers, erase }) };
  }
}

test("F140 what is put under a handle is there, over any eviction, until it is deleted", async () => {
  const world = new World();
  const { handles } = world;
  const handle = await handles.create({ state: { step: 1, of: [1, null, "ä"] } });
  expect(handle).toMatch(/^[\w-]{43}\.[\w-]{22}$/);
  world.evict();
  expect(await handles.get(handle)).toEqual({ state: { step: 1, of: [1, null, "ä"] }, version: 1 });
  expect(await handles.set(handle, "two")).toBe(2);
  expect(await handles.get(handle)).toEqual({ state: "two", version: 2 });
  expect(await handles.delete(handle)).toBe(true);
  expect(await handles.delete(handle)).toBe(false);
  expect(await handles.get(handle)).toBeNull();
  expect(world.rows.kept).toEqual([0, 0, 0, 0]);
  expect(await handles.get(await handles.create())).toEqual({ state: null, version: 1 });
});

test("F141 a handle that is forged reaches no object", async () => {
  const world = new World();
  const { handles } = world;
  const handle = await handles.create();
  world.calls.length = 0;
  const forged = [
    "",
    "handle",
    `${handle}x`,
    handle.slice(0, -1),
    `${"A".repeat(43)}.${"A".repeat(22)}`,
    await mintId("session", SECRET),
    await mintId("handle", `${SECRET}!`),
  ];
  for (const one of forged) {
    expect(await handles.get(one)).toBeNull();
    expect(await handles.delete(one)).toBe(false);
    expect(await handles.tasks(one).get(one)).toBeNull();
    await expect(handles.set(one, 1)).rejects.toEqual(NOT_FOUND);
    await expect(handles.ask(one, "k", 1)).rejects.toEqual(NOT_FOUND);
    await expect(handles.tasks(one).create()).rejects.toEqual(NOT_FOUND);
    await expect(handles.waitFor(one, "k")).rejects.toEqual(NOT_FOUND);
  }
  expect(world.calls).toEqual([]);
});

test("F142 for a handle that is unknown or expired, or another's, nothing is written", async () => {
  const world = new World();
  const { handles } = world;
  const unknown = await mintId("handle", SECRET);
  const expired = await handles.create({ ttlMs: HOUR });
  world.clock.advance(HOUR);
  const mine = await handles.create({ subject: "ann" });
  const before = world.rows.written;
  for (const [handle, subject] of [
    [unknown, undefined],
    [expired, undefined],
    [mine, undefined],
    [mine, "bob"],
  ] as const) {
    expect(await handles.get(handle, { subject })).toBeNull();
    expect(await handles.delete(handle, { subject })).toBe(false);
    await expect(handles.set(handle, 1, { subject })).rejects.toEqual(NOT_FOUND);
    await expect(handles.ask(handle, "k", 1, { subject })).rejects.toEqual(NOT_FOUND);
    await expect(handles.answer(handle, "k", 1, { subject })).rejects.toEqual(NOT_FOUND);
    await expect(handles.pending(handle, { subject })).rejects.toEqual(NOT_FOUND);
    await expect(handles.answers(handle, { subject })).rejects.toEqual(NOT_FOUND);
    await expect(handles.waitFor(handle, "k", { subject })).rejects.toEqual(NOT_FOUND);
    await expect(handles.tasks(handle, { subject }).list()).rejects.toEqual(NOT_FOUND);
    await expect(handles.tasks(handle, { subject }).create()).rejects.toEqual(NOT_FOUND);
  }
  expect(world.rows.written).toBe(before);
  expect(await handles.get(mine, { subject: "ann" })).toEqual({ state: null, version: 1 });
  expect(await handles.delete(mine, { subject: "ann" })).toBe(true);
});

test("F143 a state is put only over the version that was read", async () => {
  const { handles } = new World();
  const handle = await handles.create({ state: 1 });
  expect(await handles.set(handle, 2, { ifVersion: 1 })).toBe(2);
  expect(await handles.set(handle, 3, { ifVersion: 1 })).toBeNull();
  expect(await handles.set(handle, 3, { ifVersion: 3 })).toBeNull();
  expect(await handles.get(handle)).toEqual({ state: 2, version: 2 });
});

test("F143 of many who put a state over the same version one succeeds", async () => {
  const { handles } = new World();
  const handle = await handles.create({ state: 0 });
  const versions = await Promise.all(
    [1, 2, 3, 4].map((state) => handles.set(handle, state, { ifVersion: 1 })),
  );
  expect(versions.filter((version) => version !== null)).toEqual([2]);
});

test("F144 a call whose answer is lost, and that is repeated, has its effect once", async () => {
  const world = new World();
  const { handles } = world;
  const again = async <T>(work: () => Promise<T>): Promise<T> => {
    world.lost = 1;
    const result = await work();
    world.evict();
    return result;
  };
  const handle = await again(() => handles.create({ state: 1 }));
  expect(await again(() => handles.set(handle, { a: 1, b: 2 }, { ifVersion: 1 }))).toBe(2);
  expect(await again(() => handles.set(handle, { b: 2, a: 1 }))).toBe(2);
  const tasks = handles.tasks(handle);
  const { taskId } = await again(() => tasks.create());
  expect(await tasks.list()).toHaveLength(1);
  await again(() => handles.ask(taskId, "k", { method: "elicitation/create" }));
  await again(() => handles.answer(taskId, "k", { action: "accept" }));
  const done = await again(() => tasks.update(taskId, { status: "completed", result: [1] }));
  expect(done).toMatchObject({ status: "completed", result: [1] });
  expect((await again(() => tasks.cancel(taskId))).status).toBe("completed");
  expect(world.rows.kept).toEqual([1, 1, 1, 1]);
});

test("F144 a change that is repeated after another has come between has its effect once", async () => {
  const world = new World();
  const { handles } = world;
  const handle = await handles.create({ state: 0 });
  world.lost = 1;
  world.between = () => handles.set(handle, 2, { ifVersion: 2 });
  expect(await handles.set(handle, 1, { ifVersion: 1 })).toBe(2);
  expect(await handles.get(handle)).toEqual({ state: 2, version: 3 });
});

test.each(Array.from({ length: 20 }, (_, seed) => [seed]))(
  "F144 whatever is repeated and evicted, a handle is as after each call once (seed %i)",
  async (seed) => {
    const random = randomFrom(seed);
    const pick = <T>(values: readonly T[]): T | undefined =>
      values[Math.floor(random() * values.length)];
    const world = new World();
    const { handles } = world;
    const handle = await handles.create({ state: 0 });
    const tasks = handles.tasks(handle);
    const model = {
      state: 0,
      version: 1,
      tasks: new Map<
        string,
        { status: string; pending: Set<string>; answers: Map<string, number> }
      >(),
    };
    const wrong: unknown[] = [];
    for (let step = 0; step < 60; step += 1) {
      world.lost = random() < 0.3 ? 1 + Math.floor(random() * 2) : 0;
      if (random() < 0.2) world.evict();
      const [taskId, task] = pick([...model.tasks]) ?? [];
      const kind = Math.floor(random() * 6);
      if (kind === 0) {
        const state = Math.floor(random() * 3);
        if (state !== model.state) model.version += 1;
        model.state = state;
        if ((await handles.set(handle, state)) !== model.version) wrong.push([step, "version"]);
      } else if (kind === 1) {
        const made = await tasks.create();
        model.tasks.set(made.taskId, { status: "working", pending: new Set(), answers: new Map() });
      } else if (taskId !== undefined && task !== undefined) {
        const key = pick(["a", "b", "c"]) ?? "";
        const isOpen = task.status === "working";
        if (kind === 2 && isOpen) {
          await handles.ask(taskId, key, `${key}?`);
          if (!task.answers.has(key)) task.pending.add(key);
        } else if (kind === 3 && isOpen) {
          const answer = step;
          const done = await handles.answer(taskId, key, answer).then(
            () => true,
            () => false,
          );
          if (done !== task.pending.has(key)) wrong.push([step, "answer"]);
          if (task.pending.delete(key)) task.answers.set(key, answer);
        } else if (kind === 4) {
          await tasks.cancel(taskId);
          if (isOpen) task.status = "cancelled";
        } else if (kind === 5 && isOpen) {
          await tasks.update(taskId, { status: "completed", result: step });
          task.status = "completed";
        }
      }
    }
    world.lost = 0;
    expect(wrong).toEqual([]);
    expect(await handles.get(handle)).toEqual({ state: model.state, version: model.version });
    expect(await tasks.list()).toHaveLength(model.tasks.size);
    for (const [taskId, { status, pending, answers }] of model.tasks) {
      const isWaiting = status === "working" && pending.size > 0;
      expect(await tasks.get(taskId)).toMatchObject({
        status: isWaiting ? "input_required" : status,
      });
      expect(await handles.pending(taskId)).toEqual(
        isWaiting ? Object.fromEntries([...pending].map((key) => [key, `${key}?`])) : {},
      );
      expect(await handles.answers(taskId)).toEqual(Object.fromEntries(answers));
    }
  },
);

test("F145 a handle is erased when nothing under it has changed for its time", async () => {
  const world = new World();
  const { handles } = world;
  const handle = await handles.create({ ttlMs: HOUR });
  await world.later(HOUR - 1);
  await handles.set(handle, 1);
  await world.later(HOUR - 1);
  await handles.ask(handle, "k", 1);
  await world.later(HOUR - 1);
  await handles.answer(handle, "k", 1);
  world.evict();
  await world.later(HOUR - 1);
  expect(await handles.get(handle)).not.toBeNull();
  await world.later(1);
  expect(world.rows.kept).toEqual([0, 0, 0, 0]);
  expect(await handles.get(handle)).toBeNull();
});

test("F145 by default it is a day; to read a handle keeps it no longer", async () => {
  const world = new World();
  const handle = await world.handles.create();
  await world.later(DAY - 1);
  expect(await world.handles.get(handle)).not.toBeNull();
  await world.later(1);
  expect(await world.handles.get(handle)).toBeNull();
  expect(world.rows.kept).toEqual([0, 0, 0, 0]);
});

test("F145 a time that is no whole number from 1 is refused", async () => {
  const { handles } = new World();
  for (const ttlMs of [0, -1, 1.5, Number.NaN, Infinity])
    await expect(handles.create({ ttlMs })).rejects.toMatchObject({ code: "bad_request" });
});

test("F146 a task has the shape of the tasks extension", async () => {
  const world = new World();
  const { handles } = world;
  const handle = await handles.create();
  const tasks = handles.tasks(handle);
  const made = await tasks.create({ ttlMs: HOUR, pollIntervalMs: 500, statusMessage: "begun" });
  const createdAt = new Date(world.clock.now()).toISOString();
  expect(made).toEqual({
    taskId: expect.stringMatching(/^[\w-]{43}\.[\w-]{22}\.[\w-]{16}$/),
    status: "working",
    statusMessage: "begun",
    createdAt,
    lastUpdatedAt: createdAt,
    ttlMs: HOUR,
    pollIntervalMs: 500,
  });
  world.clock.advance(1_000);
  const failed = await tasks.update(made.taskId, { status: "failed", error: { code: -32603 } });
  expect(failed).toEqual({
    ...made,
    status: "failed",
    error: { code: -32603 },
    lastUpdatedAt: new Date(world.clock.now()).toISOString(),
  });
  expect(await tasks.get(made.taskId)).toEqual(failed);
  const other = await tasks.create();
  expect(other.ttlMs).toBe(DAY);
  expect((await tasks.list()).map(({ taskId }) => taskId)).toEqual([made.taskId, other.taskId]);
});

test("F147 a task is reached by its id alone, and by no other handle", async () => {
  const { handles } = new World();
  const [mine, other] = [await handles.create(), await handles.create()];
  const { taskId } = await handles.tasks(mine).create();
  expect(await handles.tasks(taskId).get(taskId)).toMatchObject({ taskId });
  expect(await handles.tasks(other).get(taskId)).toBeNull();
  expect(await handles.tasks(mine).get(`${taskId.slice(0, -1)}_`)).toBeNull();
  expect(await handles.tasks(mine).get(mine)).toBeNull();
  await expect(handles.tasks(other).cancel(taskId)).rejects.toMatchObject({
    code: "task_not_found",
  });
});

test("F148 a task that has ended does not change any more, and takes no input", async () => {
  const { handles } = new World();
  const handle = await handles.create();
  const tasks = handles.tasks(handle);
  for (const status of ["completed", "failed", "cancelled"] as const) {
    const { taskId } = await tasks.create();
    await handles.ask(taskId, "k", 1);
    const ended = await tasks.update(taskId, { status });
    expect(ended.status).toBe(status);
    expect(await tasks.update(taskId, { status })).toEqual(ended);
    expect(await tasks.cancel(taskId)).toEqual(ended);
    const refused = { code: "task_ended" };
    await expect(tasks.update(taskId, { status: "working" })).rejects.toMatchObject(refused);
    await expect(tasks.update(taskId, { result: 1 })).rejects.toMatchObject(refused);
    await expect(handles.ask(taskId, "l", 1)).rejects.toMatchObject(refused);
    await expect(handles.answer(taskId, "k", 1)).rejects.toMatchObject(refused);
    expect(await handles.pending(taskId)).toEqual({});
  }
});

test("F149 a task is there for as long as it was promised, also where its handle's time is shorter", async () => {
  const world = new World();
  const { handles } = world;
  const handle = await handles.create({ ttlMs: 1_000 });
  const { taskId } = await handles.tasks(handle).create({ ttlMs: HOUR });
  await world.later(HOUR - 1);
  expect(await handles.tasks(taskId).get(taskId)).not.toBeNull();
  await world.later(1);
  expect(await handles.tasks(taskId).get(taskId)).toBeNull();
  expect(world.rows.kept).toEqual([0, 0, 0, 0]);
});

test("F150 a task is `input_required` until all that it has asked is answered", async () => {
  const world = new World();
  const { handles } = world;
  const handle = await handles.create();
  const tasks = handles.tasks(handle);
  const { taskId } = await tasks.create();
  const request = { method: "elicitation/create", params: { message: "Sure?" } };
  await handles.ask(taskId, "one", request);
  await handles.ask(taskId, "two", request);
  world.evict();
  expect(await tasks.get(taskId)).toMatchObject({
    status: "input_required",
    inputRequests: { one: request, two: request },
  });
  await handles.answer(taskId, "one", { action: "accept" });
  expect(await tasks.get(taskId)).toMatchObject({
    status: "input_required",
    inputRequests: { two: request },
  });
  await handles.answer(taskId, "two", { action: "decline" });
  const task = await tasks.get(taskId);
  expect(task?.status).toBe("working");
  expect(task).not.toHaveProperty("inputRequests");
  expect(await handles.answers(taskId)).toEqual({
    one: { action: "accept" },
    two: { action: "decline" },
  });
});

test("F151 an input is asked for and answered once: the first answer counts", async () => {
  const world = new World();
  const { handles } = world;
  const handle = await handles.create();
  await handles.ask(handle, "k", { a: 1, b: 2 });
  await handles.ask(handle, "k", { b: 2, a: 1 });
  await expect(handles.ask(handle, "k", { a: 2 })).rejects.toMatchObject({ code: "id_reused" });
  expect(await handles.pending(handle)).toEqual({ k: { a: 1, b: 2 } });
  await expect(handles.answer(handle, "l", 1)).rejects.toMatchObject({ code: "not_found" });
  await handles.answer(handle, "k", { x: 1, y: 2 });
  world.evict();
  await handles.answer(handle, "k", { y: 2, x: 1 });
  await expect(handles.answer(handle, "k", 2)).rejects.toMatchObject({ code: "already_decided" });
  expect(await handles.pending(handle)).toEqual({});
  expect(await handles.answers(handle)).toEqual({ k: { x: 1, y: 2 } });
});

test("F151 the inputs of a handle and of its tasks are apart", async () => {
  const { handles } = new World();
  const handle = await handles.create();
  const { taskId } = await handles.tasks(handle).create();
  await handles.ask(handle, "k", 1);
  await handles.ask(taskId, "k", 2);
  expect(await handles.pending(handle)).toEqual({ k: 1 });
  expect(await handles.pending(taskId)).toEqual({ k: 2 });
});

test("F152 an answer reaches whoever waits for it, in whichever request it comes", async () => {
  const world = new World();
  const { handles } = world;
  const handle = await handles.create();
  const waiting = [handles.waitFor(handle, "k"), handles.waitFor(handle, "k")];
  const other = handles.waitFor(handle, "l", { timeoutMs: 1_000 });
  await expect.poll(() => world.clock.waiting).toBe(3);
  await handles.ask(handle, "k", "?");
  await handles.answer(handle, "k", { action: "accept" });
  expect(await Promise.all(waiting)).toEqual([{ action: "accept" }, { action: "accept" }]);
  expect(await handles.waitFor(handle, "k", { timeoutMs: 0 })).toEqual({ action: "accept" });
  world.clock.advance(1_000);
  expect(await other).toBeUndefined();
  expect(world.clock.waiting).toBe(0);
});

test("F152 a wait of a minute is several calls, and ends at its time", async () => {
  const world = new World();
  const handle = await world.handles.create();
  world.calls.length = 0;
  const waiting = world.handles.waitFor(handle, "k", { timeoutMs: 60_000 });
  for (let call = 1; call <= 3; call += 1) {
    await expect.poll(() => world.clock.waiting).toBe(1);
    expect(world.calls).toHaveLength(call);
    world.clock.advance(20_000);
  }
  expect(await waiting).toBeUndefined();
  expect(world.calls).toHaveLength(3);
});

test("F152 whoever waits at a handle that is deleted hears that it is gone", async () => {
  const world = new World();
  const { handles } = world;
  const handle = await handles.create();
  const waiting = handles.waitFor(handle, "k").catch((error: unknown) => error);
  await expect.poll(() => world.clock.waiting).toBe(1);
  await handles.delete(handle);
  expect(await waiting).toEqual(NOT_FOUND);
});

test("F153 values, tasks and inputs of a handle are bounded", async () => {
  const { handles } = new World();
  // With its two quotes a text of 1 MiB less 2 is 1 MiB of JSON.
  const handle = await handles.create({ state: "x".repeat(MIB - 2) });
  const tooLarge = expect.objectContaining({ code: "too_large" });
  const large = "x".repeat(MIB - 1);
  const tasks = handles.tasks(handle);
  const { taskId } = await tasks.create();
  await expect(handles.create({ state: large })).rejects.toEqual(tooLarge);
  await expect(handles.set(handle, large)).rejects.toEqual(tooLarge);
  await expect(handles.ask(handle, "k", large)).rejects.toEqual(tooLarge);
  await handles.ask(handle, "k", 1);
  await expect(handles.answer(handle, "k", large)).rejects.toEqual(tooLarge);
  await expect(tasks.update(taskId, { result: large })).rejects.toEqual(tooLarge);
  await expect(tasks.update(taskId, { error: large })).rejects.toEqual(tooLarge);
  await expect(tasks.create({ statusMessage: `${large}xx` })).rejects.toEqual(tooLarge);
  for (const key of ["", "x".repeat(129)])
    await expect(handles.ask(handle, key, 1)).rejects.toMatchObject({ code: "bad_request" });
  for (let more = 1; more < 100; more += 1) {
    await tasks.create();
    await handles.ask(taskId, String(more), 1);
  }
  await expect(tasks.create()).rejects.toMatchObject({ code: "rate_limited" });
  await expect(handles.ask(handle, "l", 1)).rejects.toMatchObject({ code: "rate_limited" });
});

test("F154 tmcp may save the state of a request under a handle, that only its subject can use", async () => {
  const world = new World();
  let subject = "ann";
  const codec = world.handles.requestStateCodec({ subject: () => subject, ttlMs: HOUR });
  const saved = { version: 1, inputResponses: { "1": { action: "accept" } }, state: { step: 2 } };
  const encoded = await codec.encode(saved);
  expect(await codec.decode(encoded)).toEqual(saved);
  subject = "bob";
  await expect(codec.decode(encoded)).rejects.toEqual(NOT_FOUND);
  subject = "ann";
  await expect(codec.decode('{"version":1}')).rejects.toEqual(NOT_FOUND);
  await world.later(HOUR);
  await expect(codec.decode(encoded)).rejects.toEqual(NOT_FOUND);
});
