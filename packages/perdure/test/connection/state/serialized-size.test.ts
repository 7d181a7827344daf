import { expect, test } from "vitest";
import { cloneValue } from "../../../src/connection/state/clone-value.ts";
import { serializedSize } from "../../../src/connection/state/serialized-size.ts";
import { randomFrom } from "../../support/random.ts";
import { randomValue } from "./random-value.ts";
import { fromStored, toStored } from "./stored-form.ts";

const written = (value: unknown) => toStored(value).length;

test("V8 what is counted is never less than what V8 writes, for a new value and for one that was read back", () => {
  for (let seed = 1; seed <= 3_000; seed += 1) {
    const value = cloneValue(randomValue(randomFrom(seed), 5));
    const counted = serializedSize(value);
    expect(counted, `seed ${seed}`).toBeGreaterThanOrEqual(written(value));
    const again = fromStored(toStored(value));
    expect(counted, `seed ${seed}, read back`).toBeGreaterThanOrEqual(written(again));
  }
});

test.each([10, 100, 10_000, 100_000])(
  "V8 what is counted of %i elements is never less than what V8 writes once they were read back",
  (length) => {
    const array = Array.from({ length }, () => true);
    const again = fromStored(toStored(array));
    expect(written(again)).toBeGreaterThan(written(array));
    expect(serializedSize(array)).toBeGreaterThanOrEqual(written(again));
  },
);

test.each([
  ["a long text", "a".repeat(1_000_000)],
  ["a long text of two bytes a unit", "日".repeat(500_000)],
  ["bytes", new Uint8Array(1_000_000)],
  ["many texts", Array.from({ length: 10_000 }, (_, n) => `${n}`.padEnd(100, "x"))],
  ["messages", Array.from({ length: 5_000 }, (_, id) => ({ id, text: "hello ".repeat(40) }))],
  ["a map", new Map(Array.from({ length: 5_000 }, (_, n) => [`key ${n}`, "x".repeat(200)]))],
])("V8 what is counted is at most a tenth above what V8 writes: %s", (_name, value) => {
  expect(serializedSize(value)).toBeLessThan(written(value) * 1.1);
});

test("V8 what is small is at most 64 bytes above, and what is in a value twice counts once", () => {
  for (const value of [1, "theme", null, undefined, { a: 1 }, [1, 2, 3], new Date(), 5n])
    expect(serializedSize(value)).toBeLessThan(written(value) + 64);
  const large = "x".repeat(1_000);
  const shared = { large };
  expect(serializedSize([shared, shared])).toBeLessThan(1_100);
});
