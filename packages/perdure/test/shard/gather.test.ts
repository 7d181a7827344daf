import { expect, test } from "vitest";
import { PerdureError } from "../../src/protocol/index.ts";
import type { ShardCall } from "../../src/shard/gather.ts";
import { gather } from "../../src/shard/gather.ts";

const calls = (count: number): ShardCall[] =>
  Array.from({ length: count }, (_, index) => ({
    shard: `s${index}`,
    request: { functionPath: "tasks" },
  }));

test("Z155 at most six shards are asked at once, and each is asked", async () => {
  const open = new Map<string, () => void>();
  const asked: string[] = [];
  let most = 0;
  const gathered = gather(calls(20), async ({ shard }) => {
    asked.push(shard);
    await new Promise<void>((resolve) => open.set(shard, resolve));
    open.delete(shard);
    return { value: shard, position: 1 };
  });
  while (asked.length < 20 || open.size > 0) {
    most = Math.max(most, open.size);
    // The one that was asked last ends first.
    [...open.values()].at(-1)?.();
    await Promise.resolve();
  }
  const { text, isComplete } = await gathered;
  expect(most).toBe(6);
  expect(isComplete).toBe(true);
  expect(JSON.parse(text)).toEqual(
    calls(20).map(({ shard }) => ({ shard, value: shard, position: 1 })),
  );
});

test("Z153 what one shard throws is its own problem, redacted where it is not the library's", async () => {
  const { text, isComplete } = await gather(calls(3), async ({ shard }) => {
    if (shard === "s0") throw new PerdureError("forbidden", "Not here.");
    if (shard === "s1") throw new Error("a secret");
    return { value: null, position: 0 };
  });
  expect(isComplete).toBe(false);
  expect(JSON.parse(text)).toMatchObject([
    { shard: "s0", error: { code: "forbidden", detail: "Not here." } },
    { shard: "s1", error: { code: "internal" } },
    { shard: "s2", value: null, position: 0 },
  ]);
  expect(text).not.toContain("a secret");
});

test("Z155 answers have 8 MiB together: a shard whose answer does not fit says so", async () => {
  const value = "x".repeat(3 * 1024 * 1024);
  const { text, isComplete } = await gather(calls(4), async () => ({ value, position: 1 }));
  expect(isComplete).toBe(false);
  expect(text.length).toBeLessThan(8 * 1024 * 1024 + 1_000);
  const codes = (JSON.parse(text) as { error?: { code: string } }[]).map(
    ({ error }) => error?.code,
  );
  expect(codes).toEqual([undefined, undefined, "too_large", "too_large"]);
});
