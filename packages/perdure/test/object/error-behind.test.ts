import { expect, test } from "vitest";
import { errorBehind } from "../../src/object/index.ts";
import { missingSqlite } from "../../src/object/missing-sqlite.ts";

/** Storage of a class that was configured without SQLite. */
const storage = {
  get sql(): never {
    throw new Error("SQL is not enabled for this Durable Object class.");
  },
} as unknown as DurableObjectStorage;

test("F233 what an object without SQLite says comes through without its code, as Workers of an older date get it", () => {
  const said = missingSqlite(storage, "SyncLayer");
  expect(errorBehind(new Error(said?.message))).toMatchObject({
    code: "broken",
    message: expect.stringContaining('"new_sqlite_classes": ["SyncLayer"]'),
  });
});

test("F233 any other error without a code tells nothing of itself", () => {
  const { code, message } = errorBehind(new Error("The password is secret."));
  expect([code, message]).toEqual([
    "internal",
    "The server failed to handle this; it may be tried again.",
  ]);
});
