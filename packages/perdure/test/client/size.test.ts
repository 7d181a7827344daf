import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import * as client from "../../src/client/index.ts";
import { bundleOf } from "../support/bundle-size.ts";

const BUDGET_BYTES = 10 * 1024;

const CONNECTION_BUDGET_BYTES = 5.75 * 1024;

const SHARD_BUDGET_BYTES = 7.5 * 1024;

const ENTRY = fileURLToPath(new URL("../../src/client/index.ts", import.meta.url));

const OF_CONNECTIONS = ["ConnectionClient", "ConnectionRoom", "checkEvent", "defineContract"];

const OF_SHARDS = ["ShardClient"];

const ofSessions = Object.keys(client).filter(
  (name) => !OF_CONNECTIONS.includes(name) && !OF_SHARDS.includes(name),
);

test("a page loads at most 10 KiB for the client, with the wire and the socket library, gzipped", async () => {
  const { code, bytes } = await bundleOf(ENTRY, ofSessions);
  expect(code).toContain("perdure.token.");
  // Only the client of a connection knows who is in a room.
  expect(code).not.toContain("perdure:join");
  // Only the client of a shard is told of commits.
  expect(code).not.toContain("seed");
  expect(bytes).toBeLessThanOrEqual(BUDGET_BYTES);
});

test("a page loads at most 5.75 KiB for the client of a connection, and nothing of sessions", async () => {
  const { code, bytes } = await bundleOf(ENTRY, OF_CONNECTIONS);
  expect(code).toContain("perdure:join");
  // Only the client of a session folds what an agent says.
  expect(code).not.toContain("text-delta");
  expect(bytes).toBeLessThanOrEqual(CONNECTION_BUDGET_BYTES);
});

test("a page loads at most 7.5 KiB for the client of a shard, and nothing of sessions or connections", async () => {
  const { code, bytes } = await bundleOf(ENTRY, OF_SHARDS);
  expect(code).toContain("seed");
  expect(code).not.toContain("text-delta");
  expect(code).not.toContain("perdure:join");
  expect(bytes).toBeLessThanOrEqual(SHARD_BUDGET_BYTES);
});
