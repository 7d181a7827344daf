import { evictDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";

const PAUSE = { op: "pause" } as const;

function codeOf(error: unknown): unknown {
  return typeof error === "object" && error !== null && "code" in error ? error.code : error;
}

test("C1 the same command across an eviction has one effect and the identical reply", async () => {
  const stub = env.KERNEL.getByName("once");
  const first = await stub.command("ada", "c1", PAUSE);
  await stub.command("ada", "c2", { op: "resume" });
  await evictDurableObject(stub);
  expect(await stub.command("ada", "c1", PAUSE)).toEqual(first);
  expect(first).toEqual({ ok: true, result: { position: 1 } });
  expect(await stub.notes()).toEqual(["pause", "resume"]);
});

test("C1 the same command many times at once has one effect", async () => {
  const stub = env.KERNEL.getByName("at once");
  const replies = await Promise.all(
    Array.from({ length: 20 }, () => stub.command("ada", "c1", PAUSE)),
  );
  expect(new Set(replies.map((reply) => JSON.stringify(reply))).size).toBe(1);
  expect(await stub.notes()).toEqual(["pause"]);
});

test("C2 another command or sender under the same id is refused, across an eviction too", async () => {
  const stub = env.KERNEL.getByName("reused");
  await stub.command("ada", "c1", PAUSE);
  await evictDurableObject(stub);
  const refusals = [
    await stub.command("bob", "c1", PAUSE).then(() => "done", codeOf),
    await stub.command("ada", "c1", { op: "resume" }).then(() => "done", codeOf),
  ];
  expect(refusals).toEqual(["id_reused", "id_reused"]);
  expect(await stub.notes()).toEqual(["pause"]);
});

test("C4 a stable refusal is the same after an eviction", async () => {
  const stub = env.KERNEL.getByName("refused");
  const refused = await stub.command("ada", "c1", { op: "terminate" });
  expect(refused).toEqual({
    ok: false,
    error: { code: "session_terminated", detail: "It is over." },
  });
  await evictDurableObject(stub);
  expect(await stub.command("ada", "c1", { op: "terminate" })).toEqual(refused);
  expect(await stub.notes()).toEqual([]);
});

test("C12 of commands that are committed together one that is refused undoes nothing of another", async () => {
  const stub = env.KERNEL.getByName("together");
  const replies = await Promise.allSettled([
    stub.command("ada", "c1", PAUSE),
    stub.command("ada", "c2", PAUSE),
    stub.command("bob", "c2", PAUSE),
    stub.command("ada", "c3", { op: "terminate" }),
    stub.command("ada", "c4", { op: "resume" }),
  ]);
  expect(replies.map(({ status }) => status)).toEqual([
    "fulfilled",
    "fulfilled",
    "rejected",
    "fulfilled",
    "fulfilled",
  ]);
  expect(await stub.notes()).toEqual(["pause", "pause", "resume"]);
});
