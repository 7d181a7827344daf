import { expect, test } from "vitest";
import type { Command, NewTask, Task, TaskPatch } from "../../src/protocol/index.ts";
import type { FakeLink } from "../support/fake-link.ts";
import { SessionWorld } from "../support/session-world.ts";
import { writingSession } from "./writing-session.ts";

const create = (id: string, fields: Partial<NewTask> = {}): Command => ({
  op: "create-task",
  task: { id, title: id, ...fields },
});

const update = (task: string, patch: TaskPatch): Command => ({ op: "update-task", task, patch });

const plan = (...steps: readonly (readonly [title: string, status: Task["status"]])[]) => ({
  type: "tasks.changed" as const,
  tasks: steps.map(([title, status]) => ({ id: title, title, status })),
  at: 7,
});

/** Frames so far, but for bare text. */
const framesOf = (link: FakeLink) =>
  link.take().flatMap((frame) => (typeof frame === "string" ? [] : [frame]));

const idsOf = (tasks: readonly Task[]) => tasks.map(({ id }) => id);

/** The code of a refused command. */
const codeOf = async (reply: ReturnType<SessionWorld["command"]>) => {
  const answer = await reply;
  return answer.ok ? "ok" : answer.error.code;
};

test("D1 a task is created, changed and read, and survives an eviction", async () => {
  const world = await SessionWorld.created();
  const at = world.clock.now();
  const payload = { file: "a.txt" };
  const reply = await world.command("1", create("build", { payload, priority: "high" }));
  expect(reply).toMatchObject({ ok: true, result: { task: "build" } });
  world.clock.advance(5);
  await world.command("2", update("build", { status: "running", progress: 0.5 }));
  world.clock.advance(5);
  await world.command("3", update("build", { status: "done", result: ["ok"], progress: null }));
  world.evict();
  const task = world.session.tasks.find("build");
  expect(task).toEqual({
    id: "build",
    title: "build",
    status: "done",
    priority: "high",
    payload,
    result: ["ok"],
    createdAt: at,
    updatedAt: at + 10,
    source: "app",
  });
  const events = world.events().filter((event) => event.type === "task.changed");
  expect(events.map((event) => event.task.status)).toEqual(["pending", "running", "done"]);
  expect(events.at(-1)?.task).toEqual(task);
  expect(events[0]?.by).toBe("owner");
});

test("D1 creating a task again changes nothing, also under another command", async () => {
  const world = await SessionWorld.created();
  await world.command("1", create("a", { payload: 1 }));
  const head = world.events().length;
  expect(await codeOf(world.command("2", create("a", { payload: 2 })))).toBe("ok");
  expect(await world.session.tasks.create({ id: "a", title: "other" }, "rpc")).toMatchObject({
    title: "a",
    payload: 1,
  });
  expect(world.events()).toHaveLength(head);
});

test("D1 a task without an id has the id of its command, or one of its own", async () => {
  const world = await SessionWorld.created();
  await world.command("c-1", { op: "create-task", task: { title: "x" } });
  expect(world.session.tasks.find("c-1")?.title).toBe("x");
  const one = await world.session.tasks.create({ title: "y" }, "rpc");
  const other = await world.session.tasks.create({ title: "y" }, "rpc");
  expect(one.id).not.toBe(other.id);
});

test("D1 readers see a task as it is created and changed, and in a snapshot", async () => {
  const world = await SessionWorld.created();
  const live = await world.reader(null);
  live.take();
  await world.session.tasks.create({ id: "a", title: "a" }, "rpc");
  await world.session.tasks.update("a", { error: "no disk", status: "failed" }, "rpc");
  const seen = framesOf(live).flatMap((frame) => (frame.t === "events" ? frame.e : []));
  expect(seen.map((event) => event.type)).toEqual(["task.changed", "task.changed"]);
  const fresh = await world.reader(null);
  const [snapshot] = framesOf(fresh).flatMap((frame) => (frame.t === "snapshot" ? [frame] : []));
  expect(snapshot?.snapshot.tasks).toMatchObject([{ id: "a", status: "failed", error: "no disk" }]);
});

test("D2 T15 a plan replaces the plan alone, and its steps are the agent's", async () => {
  const { world, runner } = await writingSession();
  await world.command("1", create("Look"));
  await runner.emit(plan(["Look", "running"], ["Leap", "pending"]));
  await runner.emit(plan(["Look", "done"], ["Land", "pending"]));
  await world.settle();
  const tasks = () => world.session.tasks.list().map((task) => [task.source, task.id, task.status]);
  const expected = [
    ["plan", "Look", "done"],
    ["plan", "Land", "pending"],
    ["app", "Look", "pending"],
  ];
  expect(tasks()).toEqual(expected);
  world.evict();
  expect(world.session.state.tasks.map((task) => [task.source, task.id, task.status])).toEqual(
    expected,
  );
  expect(await codeOf(world.command("2", update("Land", { status: "done" })))).toBe(
    "task_not_found",
  );
  expect(world.session.tasks.find("Look")?.source).toBe("app");
});

test("D2 a step keeps its times until it changes, and one that stays as it is costs no row", async () => {
  const { world, runner } = await writingSession();
  await runner.emit({ ...plan(["a", "running"], ["b", "pending"]), at: 10 });
  await world.settle();
  const { written } = world.sql.counts;
  await runner.emit({ ...plan(["a", "done"], ["b", "pending"]), at: 20 });
  await world.settle();
  // The row of the log, and that of the step.
  expect(world.sql.counts.written - written).toBe(2);
  expect(world.session.tasks.list().map((task) => [task.createdAt, task.updatedAt])).toEqual([
    [10, 20],
    [10, 10],
  ]);
});

test("D3 what is done or cancelled changes no more, what has failed may be taken up again", async () => {
  const world = await SessionWorld.created();
  for (const status of ["done", "cancelled", "failed"] as const) {
    await world.command(`c-${status}`, create(status));
    await world.command(`u-${status}`, update(status, { status }));
    await world.command(`r-${status}`, update(status, { status: "running" }));
  }
  const statuses = world.session.tasks.list().map(({ status }) => status);
  expect(statuses).toEqual(["done", "cancelled", "running"]);
  expect(await codeOf(world.command("again", update("done", { title: "x" })))).toBe("task_ended");
});

test("D3 a change that changes nothing has no effect, also of a task that has ended", async () => {
  const world = await SessionWorld.created();
  await world.session.tasks.create({ id: "a", title: "a" }, "rpc");
  const done = await world.session.tasks.update("a", { status: "done", result: 1 }, "rpc");
  const head = world.events().length;
  expect(await world.session.tasks.update("a", { status: "done", result: 1 }, "rpc")).toEqual(done);
  expect(world.events()).toHaveLength(head);
});

test("D3 a session that is terminated takes no task", async () => {
  const world = await SessionWorld.created();
  await world.command("t", { op: "terminate" });
  expect(await codeOf(world.command("1", create("a")))).toBe("session_terminated");
  await expect(world.session.tasks.create({ title: "a" }, "rpc")).rejects.toThrow("terminated");
});

test("D4 a task of more than 16 KiB is refused, and nothing changes", async () => {
  const world = await SessionWorld.created();
  const large = "ü".repeat(8_200);
  expect(await codeOf(world.command("1", create("a", { payload: large })))).toBe("too_large");
  await world.command("2", create("a"));
  expect(await codeOf(world.command("3", update("a", { result: large })))).toBe("too_large");
  expect(world.session.tasks.find("a")).not.toHaveProperty("result");
});

/** A session with this many tasks, of which every second is done. */
async function withTasks(count: number): Promise<SessionWorld> {
  const world = await SessionWorld.created();
  for (let n = 0; n < count; n += 1) {
    const id = `t${String(n).padStart(4, "0")}`;
    await world.session.tasks.create({ id, title: id }, "rpc");
    if (n % 2 === 0) await world.session.tasks.update(id, { status: "done" }, "rpc");
  }
  return world;
}

test("D5 the state holds the newest 200 tasks in the order of creation, the same from the log as from the table", async () => {
  const world = await withTasks(250);
  const expected = Array.from({ length: 200 }, (_, n) => `t${String(n + 50).padStart(4, "0")}`);
  expect(idsOf(world.session.state.tasks)).toEqual(expected);
  // An older one that changes does not come back.
  await world.session.tasks.update("t0001", { status: "running" }, "rpc");
  expect(idsOf(world.session.state.tasks)).toEqual(expected);
  const before = world.session.state.tasks;
  world.evict();
  expect(world.session.state.tasks).toEqual(before);
});

test("D5 a listing goes back page by page, of one status or of all, and reads no more than it needs", async () => {
  const world = await withTasks(120);
  const newest = world.session.tasks.list({ status: "done", limit: 3 });
  expect(idsOf(newest)).toEqual(["t0114", "t0116", "t0118"]);
  const { read } = world.sql.counts;
  const earlier = world.session.tasks.list({
    status: "done",
    limit: 2,
    before: newest[0]?.createdAt,
  });
  expect(idsOf(earlier)).toEqual(["t0110", "t0112"]);
  expect(world.sql.counts.read - read).toBe(2);
  expect(idsOf(world.session.tasks.list({ limit: 2 }))).toEqual(["t0118", "t0119"]);
  expect(world.session.tasks.list({ limit: 1_000 })).toHaveLength(120);
  expect(world.session.tasks.list({ limit: Number.NaN })).toHaveLength(1);
});

test("D6 a task is told when it is due, once that time has come, unless it has ended or was put off", async () => {
  const world = await SessionWorld.created();
  const dueAt = world.clock.now() + 1_000;
  for (const id of ["due", "ended", "moved", "never"])
    await world.session.tasks.create({ id, title: id, dueAt }, "rpc");
  await world.session.tasks.update("ended", { status: "cancelled" }, "rpc");
  await world.session.tasks.update("moved", { dueAt: dueAt + 5_000 }, "rpc");
  await world.session.tasks.update("never", { dueAt: null }, "rpc");
  expect(world.dueAt("perdure:task:ended")).toBeUndefined();
  world.clock.advance(1_000);
  await world.ring();
  expect(world.due).toEqual(["due"]);
  world.clock.advance(5_000);
  await world.ring();
  expect(world.due).toEqual(["due", "moved"]);
});

test("D6 an application that fails is told again", async () => {
  const world = await SessionWorld.created();
  await world.session.tasks.create({ id: "a", title: "a", dueAt: world.clock.now() }, "rpc");
  const told = world.onTaskDue;
  world.onTaskDue = () => Promise.reject(new Error("no network"));
  await world.ring();
  world.onTaskDue = told;
  world.clock.advance(2_000);
  await world.ring();
  expect(world.due).toEqual(["a"]);
});

test("D7 a runner's earlier names of statuses are read as today's", async () => {
  const { world, runner } = await writingSession();
  const earlier = plan(["a", "in_progress" as never], ["b", "completed" as never]);
  await runner.emit(earlier);
  await world.settle();
  expect(world.session.tasks.list().map(({ status }) => status)).toEqual(["running", "done"]);
});
