import { join } from "node:path";
import { expect, test } from "vitest";
import { bundleOf } from "../support/bundle-size.ts";

const ENTRY = join(import.meta.dirname, "../../src/shard/index.ts");

test("perdure/shard is less than 25 KB with all that it imports, gzipped", async () => {
  const { bytes } = await bundleOf(ENTRY);
  expect(bytes).toBeLessThan(25_000);
});
