import { join } from "node:path";
import { expect, test } from "vitest";
import { addedBytes } from "../support/added-size.ts";

const ENTRY = join(import.meta.dirname, "../../src/connection/index.ts");

const CONNECTIONS = ["defineConnection", "createConnectionHandler", "connectionRoutes"];

/** What a Worker with connections grows by, gzipped. */
const BUDGET_BYTES = 12 * 1024;

/** And with rooms of its own. */
const WITH_ROOMS_BUDGET_BYTES = 15_300;

test("a Worker with connections loads at most 12 KiB for them beside what every object of the library has, gzipped", async () => {
  const { added, below } = await addedBytes(ENTRY, CONNECTIONS);
  // What it is beside: the base of all objects, and the wire.
  expect(below).toBeGreaterThan(10_000);
  expect(added).toBeGreaterThan(10_000);
  expect(added).toBeLessThanOrEqual(BUDGET_BYTES);
});

test("a Worker with connections and rooms loads at most 15,300 bytes for them, gzipped", async () => {
  const { added } = await addedBytes(ENTRY, [...CONNECTIONS, "createRoomHandler"]);
  expect(added).toBeLessThanOrEqual(WITH_ROOMS_BUDGET_BYTES);
});
