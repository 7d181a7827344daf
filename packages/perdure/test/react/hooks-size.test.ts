import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { bundleOf } from "../support/bundle-size.ts";

const BUDGET_BYTES = 3 * 1024;

const sourceOf = (room: string) =>
  fileURLToPath(new URL(`../../src/${room}/index.ts`, import.meta.url));

test("a page loads at most 3 KiB for the hooks on top of the client, gzipped, and no React but its own", async () => {
  const client = await bundleOf(sourceOf("client"));
  const hooks = await bundleOf(sourceOf("react"));
  expect(hooks.code).toContain('from"react"');
  expect(hooks.bytes - client.bytes).toBeLessThanOrEqual(BUDGET_BYTES);
});
