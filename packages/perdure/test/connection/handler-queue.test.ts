import { expect, test } from "vitest";
import { HandlerQueue } from "../../src/connection/handler-queue.ts";
import { MAX_WAITING_EVENTS } from "../../src/protocol/index.ts";

/** A queue whose storage confirms only when a test says so. */
class QueueWorld {
  readonly ran: string[] = [];
  readonly #syncs: PromiseWithResolvers<void>[] = [];
  readonly queue = new HandlerQueue(() => {
    const sync = Promise.withResolvers<void>();
    this.#syncs.push(sync);
    return sync.promise;
  });

  /** A handler that notes its name, and waits for what it is given. */
  run(name: string, wait?: Promise<void>): Promise<string> {
    return this.queue.run(async () => {
      this.ran.push(name);
      await wait;
      return name;
    });
  }

  /** Storage confirms once; what follows from that happens. */
  async confirm(): Promise<void> {
    await settled();
    this.#syncs.shift()?.resolve();
    await settled();
  }

  async failStorage(error: Error): Promise<void> {
    await settled();
    this.#syncs.shift()?.reject(error);
    await settled();
  }
}

/** All microtasks have run. */
function settled(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

test("E15 a handler that comes alone runs at once, and is over before storage confirms", async () => {
  const world = new QueueWorld();
  expect(await world.run("a")).toBe("a");
  await world.confirm();
  expect(await world.run("b")).toBe("b");
});

test("E15 those that come before storage confirms are gathered until nothing more comes, and run in a row", async () => {
  const world = new QueueWorld();
  await world.run("a");
  void world.run("b");
  await world.confirm();
  void world.run("c");
  await world.confirm();
  await world.confirm();
  expect(world.ran).toEqual(["a"]);
  await world.confirm();
  expect(world.ran).toEqual(["a", "b", "c"]);
});

test("E15 at most 256 are gathered", async () => {
  const world = new QueueWorld();
  await world.run("first");
  for (let count = 0; count < 256; count += 1) void world.run(String(count));
  await world.confirm();
  expect(world.ran).toHaveLength(257);
});

test("E4 in a row one runs when the one before has ended, also where that throws", async () => {
  const world = new QueueWorld();
  const gate = Promise.withResolvers<void>();
  await world.run("a");
  const fails = world.run("b", gate.promise);
  const after = world.run("c");
  for (let turns = 0; turns < 3; turns += 1) await world.confirm();
  expect(world.ran).toEqual(["a", "b"]);
  gate.reject(new Error("not like this"));
  await expect(fails).rejects.toThrow("not like this");
  expect(await after).toBe("c");
});

test("E7 what is gathered waits, and what storage fails for does not any more", async () => {
  const world = new QueueWorld();
  await world.run("a");
  const refused = Array.from({ length: MAX_WAITING_EVENTS }, () => world.run("never"));
  expect(world.queue.isFull).toBe(true);
  const settling = Promise.allSettled(refused);
  await world.failStorage(new Error("broken"));
  expect((await settling).every(({ status }) => status === "rejected")).toBe(true);
  expect(world.queue.isFull).toBe(false);
  expect(await world.run("b")).toBe("b");
});
