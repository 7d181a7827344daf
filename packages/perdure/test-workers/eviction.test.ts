import { evictDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";

test("an eviction empties a Durable Object's memory and keeps its storage", async () => {
  const stub = env.COUNTER.getByName("evicted");
  await stub.increment();
  expect(await stub.increment()).toEqual({ inMemory: 2, inStorage: 2 });

  await evictDurableObject(stub);

  expect(await stub.increment()).toEqual({ inMemory: 1, inStorage: 3 });
});
