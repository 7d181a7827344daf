import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { bundleOf } from "../support/bundle-size.ts";

const BUDGET_BYTES = 10 * 1024;

test("a page loads at most 10 KiB for the client, with the wire and the socket library, gzipped", async () => {
  const { code, bytes } = await bundleOf(
    fileURLToPath(new URL("../../src/client/index.ts", import.meta.url)),
  );
  expect(code).toContain("perdure.token.");
  expect(bytes).toBeLessThanOrEqual(BUDGET_BYTES);
});
