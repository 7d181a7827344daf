import { join } from "node:path";
import { expect, test } from "vitest";
import { addedBytes } from "../support/added-size.ts";

const BUDGET_BYTES = 16 * 1024;

/** With what every object has, of which a Worker with another class of the library has most already. */
const WHOLE_BUDGET_BYTES = 28 * 1024;

test("a Worker grows by at most 16 KiB for shards, and is 28 KiB with them alone, minified and gzipped", async () => {
  const entry = join(import.meta.dirname, "../../src/shard/index.ts");
  const names = ["ShardDO", "defineShard", "mutation", "query", "shardRoutes"];
  const { added, whole } = await addedBytes(entry, names);
  expect(added).toBeLessThanOrEqual(BUDGET_BYTES);
  expect(whole).toBeLessThanOrEqual(WHOLE_BUDGET_BYTES);
});
