import { expect, test } from "vitest";
import type { CommitHost, Memory } from "../../src/object/index.ts";
import { CommitQueue, RevertibleSql } from "../../src/object/index.ts";
import { NodeSql } from "../support/node-sql.ts";

/** A queue over real SQLite, whose storage confirms only when a test says so. */
class QueueWorld implements Memory {
  readonly sql = new RevertibleSql(new NodeSql(), this);
  readonly told: string[] = [];
  readonly faults: unknown[] = [];
  readonly queue: CommitQueue;
  memory: readonly string[] = [];
  publications = 0;
  onPublish: () => void = () => {};
  #syncs: { readonly confirm: () => void; readonly fail: (error: unknown) => void }[] = [];

  constructor(host: Partial<CommitHost> = {}) {
    this.sql.script("CREATE TABLE jobs (name TEXT)");
    this.queue = new CommitQueue({
      transaction: (work) => this.sql.transaction(work),
      sync: () =>
        new Promise((confirm, fail) => {
          this.#syncs.push({ confirm, fail });
        }),
      publish: () => {
        this.publications += 1;
        this.told.push("publish");
        this.onPublish();
      },
      onFault: (error) => this.faults.push(error),
      ...host,
    });
  }

  mark(): () => void {
    const { memory } = this;
    return () => {
      this.memory = memory;
    };
  }

  /** Submits a job that writes its name, remembers it, and tells of it; `failure` throws after all that. */
  submit(name: string, options: { failure?: Error; after?: () => void } = {}): Promise<string> {
    return this.queue.submit((commit) => {
      this.sql.run("INSERT INTO jobs (name) VALUES (?)", name);
      this.memory = [...this.memory, name];
      commit.after(() => this.told.push(name));
      if (options.after !== undefined) commit.after(options.after);
      if (options.failure !== undefined) throw options.failure;
      return name;
    });
  }

  rows(): readonly string[] {
    return this.sql.run<{ name: string }>("SELECT name FROM jobs").map(({ name }) => name);
  }

  get isWaitingForStorage(): boolean {
    return this.#syncs.length > 0;
  }

  /** Storage confirms once; what follows from that happens. */
  async confirm(): Promise<void> {
    this.#syncs.shift()?.confirm();
    await settled();
  }

  async confirmAll(): Promise<void> {
    while (this.isWaitingForStorage) await this.confirm();
  }

  async failStorage(error: Error): Promise<void> {
    this.#syncs.shift()?.fail(error);
    await settled();
  }
}

/** All microtasks have run. */
function settled(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

test("a lone job is committed and told at once, without waiting for storage", async () => {
  const world = new QueueWorld();
  const reply = world.submit("a");
  expect(world.rows()).toEqual(["a"]);
  expect(world.told).toEqual(["publish", "a"]);
  expect(await reply).toBe("a");
});

test("C11 jobs that arrive before storage confirms are committed together, in order", async () => {
  const world = new QueueWorld();
  const replies = ["a", "b", "c", "d"].map((name) => world.submit(name));
  expect(world.rows()).toEqual(["a"]);
  await world.confirmAll();
  expect(world.rows()).toEqual(["a", "b", "c", "d"]);
  expect(world.told).toEqual(["publish", "a", "publish", "b", "c", "d"]);
  expect(await Promise.all(replies)).toEqual(["a", "b", "c", "d"]);
});

test("those who were answered together and send the next together are committed together", async () => {
  const world = new QueueWorld();
  for (const name of ["a", "b", "c"]) void world.submit(name);
  await world.confirmAll();
  void world.submit("d");
  void world.submit("e");
  expect(world.rows()).toEqual(["a", "b", "c"]);
  await world.confirmAll();
  expect(world.rows()).toEqual(["a", "b", "c", "d", "e"]);
  expect(world.publications).toBe(3);
});

test("a queue that has gathered one job alone commits the next at once again", async () => {
  const world = new QueueWorld();
  for (const name of ["a", "b", "c"]) void world.submit(name);
  await world.confirmAll();
  void world.submit("d");
  await world.confirmAll();
  void world.submit("e");
  expect(world.rows()).toEqual(["a", "b", "c", "d", "e"]);
  await world.confirmAll();
  expect(world.publications).toBe(4);
});

test("gathering stops when a batch is large, however many more arrive", async () => {
  const world = new QueueWorld();
  void world.submit("first");
  for (let index = 0; index < 400; index += 1) void world.submit(`job ${index}`);
  await world.confirm();
  expect(world.rows()).toHaveLength(401);
});

test("C12 a job that fails undoes its own rows and memory, and nothing of another", async () => {
  const world = new QueueWorld();
  void world.submit("first");
  const replies = Promise.allSettled([
    world.submit("a"),
    world.submit("b", { failure: new Error("no") }),
    world.submit("c"),
  ]);
  await world.confirmAll();
  expect(world.rows()).toEqual(["first", "a", "c"]);
  expect(world.memory).toEqual(["first", "a", "c"]);
  expect((await replies).map(({ status }) => status)).toEqual([
    "fulfilled",
    "rejected",
    "fulfilled",
  ]);
});

test("C4 what answers for a job that failed is written after its rows and memory are undone, alone or in a batch", async () => {
  const world = new QueueWorld();
  const refused = (name: string) =>
    world.queue.submit(
      () => {
        world.sql.run("INSERT INTO jobs (name) VALUES (?)", name);
        world.memory = [...world.memory, name];
        throw new Error("refused");
      },
      (error, commit) => {
        const answer = `${name} was ${(error as Error).message}`;
        world.sql.run("INSERT INTO jobs (name) VALUES (?)", answer);
        commit.after(() => world.told.push(answer));
        return answer;
      },
    );
  const replies = [refused("a"), world.submit("b"), refused("c")];
  await world.confirmAll();
  const answers = ["a was refused", "b", "c was refused"];
  expect(await Promise.all(replies)).toEqual(answers);
  expect(world.rows()).toEqual(answers);
  expect(world.memory).toEqual(["b"]);
  expect(world.told).toEqual(["publish", "a was refused", "publish", "b", "c was refused"]);
});

test("C12 what answers for a job that failed and fails too undoes its own rows, and nothing of another", async () => {
  const world = new QueueWorld();
  const failing = (name: string) =>
    world.queue.submit(
      () => {
        throw new Error("refused");
      },
      () => {
        world.sql.run("INSERT INTO jobs (name) VALUES (?)", name);
        throw new Error(`${name} cannot be refused`);
      },
    );
  const replies = Promise.allSettled([failing("a"), world.submit("b"), failing("c")]);
  await world.confirmAll();
  expect(await replies).toMatchObject([
    { reason: { message: "a cannot be refused" } },
    { value: "b" },
    { reason: { message: "c cannot be refused" } },
  ]);
  expect(world.rows()).toEqual(["b"]);
});

test("a batch is sealed once, in its transaction", async () => {
  const world: QueueWorld = new QueueWorld({
    seal: () => void world.sql.run("INSERT INTO jobs (name) VALUES ('seal')"),
  });
  void world.submit("a");
  void world.submit("b");
  const failed = world.submit("c", { failure: new Error("no") });
  void world.submit("d");
  await Promise.all([expect(failed).rejects.toThrow("no"), world.confirmAll()]);
  expect(world.rows()).toEqual(["a", "seal", "b", "d", "seal"]);
});

test("C3 a seal that fails undoes the whole batch, and refuses all its jobs", async () => {
  let isFull = false;
  const world = new QueueWorld({
    seal: () => {
      if (isFull) throw new Error("full");
    },
  });
  void world.submit("a");
  const replies = Promise.allSettled([world.submit("b"), world.submit("c")]);
  isFull = true;
  await world.confirmAll();
  expect((await replies).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  const alone = world.submit("d").catch((error: Error) => error.message);
  await world.confirmAll();
  expect(await alone).toBe("full");
  expect(world.rows()).toEqual(["a"]);
  expect(world.memory).toEqual(["a"]);
  expect(world.told).not.toContain("b");
});

test("effects run after the whole batch is written, and only those of jobs that succeeded", async () => {
  const world = new QueueWorld();
  void world.submit("first");
  const seen: (readonly string[])[] = [];
  void world.submit("a", { after: () => seen.push(world.rows()) });
  world.submit("b", { failure: new Error("no") }).catch(() => {});
  void world.submit("c");
  await world.confirmAll();
  expect(seen).toEqual([["first", "a", "c"]]);
  expect(world.told).toEqual(["publish", "first", "publish", "a", "c"]);
});

test("a job's promise is settled after its effects", async () => {
  const world = new QueueWorld();
  const order: string[] = [];
  await world.submit("a", { after: () => order.push("effect") }).then(() => order.push("reply"));
  expect(order).toEqual(["effect", "reply"]);
});

test("nothing is published where nothing was waiting", async () => {
  const world = new QueueWorld();
  for (const name of ["a", "b", "c"]) void world.submit(name);
  await world.confirmAll();
  expect(world.publications).toBe(2);
});

test("a job that an effect submits is committed in a batch of its own", async () => {
  const world = new QueueWorld();
  let inner: Promise<string> | undefined;
  void world.submit("a", {
    after: () => {
      inner = world.submit("b");
    },
  });
  expect(world.rows()).toEqual(["a"]);
  await world.confirmAll();
  expect(await inner).toBe("b");
  expect(world.rows()).toEqual(["a", "b"]);
});

test("an effect that throws keeps neither later effects nor later jobs from being told", async () => {
  const world = new QueueWorld();
  const fault = new Error("a bug in an effect");
  void world.submit("first");
  const replies = [
    world.submit("a", {
      after: () => {
        throw fault;
      },
    }),
    world.submit("b"),
  ];
  await world.confirmAll();
  expect(await Promise.all(replies)).toEqual(["a", "b"]);
  expect(world.told).toEqual(["publish", "first", "publish", "a", "b"]);
  expect(world.faults).toEqual([fault]);
});

test("a publication that throws is reported; what was written is answered, and the queue goes on", async () => {
  const world = new QueueWorld();
  const fault = new Error("a bug in publishing");
  world.onPublish = () => {
    throw fault;
  };
  const replies = [world.submit("a"), world.submit("b"), world.submit("c")];
  await world.confirmAll();
  expect(await Promise.all(replies)).toEqual(["a", "b", "c"]);
  expect(world.faults).toEqual([fault, fault]);
  world.onPublish = () => {};
  const next = world.submit("d");
  await world.confirmAll();
  expect(await next).toBe("d");
});

test("where storage cannot confirm, whoever waits is refused, and the queue is not stuck", async () => {
  const world = new QueueWorld();
  const replies = Promise.allSettled([world.submit("a"), world.submit("b"), world.submit("c")]);
  await world.failStorage(new Error("the disk is gone"));
  expect(await replies).toMatchObject([
    { status: "fulfilled" },
    { status: "rejected", reason: { message: "the disk is gone" } },
    { status: "rejected", reason: { message: "the disk is gone" } },
  ]);
  expect(await world.submit("d")).toBe("d");
  expect(world.rows()).toEqual(["a", "d"]);
});
