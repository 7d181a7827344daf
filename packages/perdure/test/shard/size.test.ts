import { join } from "node:path";
import { expect, test } from "vitest";
import { bundleOf } from "../support/bundle-size.ts";

const BUDGET_BYTES = 25 * 1024;

test("a Worker with shards loads at most 25 KiB for all of perdure/shard and what every object has, gzipped", async () => {
  const { bytes } = await bundleOf(join(import.meta.dirname, "../../src/shard/index.ts"));
  expect(bytes).toBeLessThanOrEqual(BUDGET_BYTES);
});
