import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import * as react from "../../src/react/index.ts";
import { bundleOf } from "../support/bundle-size.ts";

const BUDGET_BYTES = 3 * 1024;

const LIST_BUDGET_BYTES = 1024;

const SHARD_BUDGET_BYTES = 1024;

const OF_SHARDS = ["ShardProvider", "useMutation", "useQuery", "useShard"];

const sourceOf = (room: string) =>
  fileURLToPath(new URL(`../../src/${room}/index.ts`, import.meta.url));

const ofSessions = Object.keys(react).filter(
  (name) => name !== "useSessions" && !OF_SHARDS.includes(name),
);

test("a page loads at most 3 KiB for the hooks on top of the client, gzipped, and no React but its own", async () => {
  const client = await bundleOf(sourceOf("client"), ["SessionClient"]);
  const hooks = await bundleOf(sourceOf("react"), ofSessions);
  expect(hooks.code).toContain('from"react"');
  expect(hooks.bytes - client.bytes).toBeLessThanOrEqual(BUDGET_BYTES);
});

test("U17 the list costs a page 1 KiB more, and one that shows no list nothing", async () => {
  const hooks = await bundleOf(sourceOf("react"), ofSessions);
  const all = await bundleOf(sourceOf("react"), [...ofSessions, "useSessions"]);
  // Only a list follows a query.
  expect(all.code).toContain("unsubscribe");
  expect(hooks.code).not.toContain("unsubscribe");
  expect(all.bytes - hooks.bytes).toBeLessThanOrEqual(LIST_BUDGET_BYTES);
});

test("U22 the hooks of shards cost a page 1 KiB, and load nothing of sessions", async () => {
  const hooks = await bundleOf(sourceOf("react"), OF_SHARDS);
  const hooksOfSessions = await bundleOf(sourceOf("react"), ofSessions);
  // Whoever makes the client loads it; the hooks themselves do not.
  expect(hooks.code).not.toContain("seed");
  expect(hooks.code).not.toContain("text-delta");
  expect(hooksOfSessions.code).not.toContain("ShardProvider");
  expect(hooks.bytes).toBeLessThanOrEqual(SHARD_BUDGET_BYTES);
});
