import { describe, expect, test } from "vitest";
import { MUTATIONS } from "../mutations/index.ts";
import { simulate } from "./simulate.ts";

/** Each is to be noticed in far fewer: some faults must come together that one seed in a hundred brings together. */
const MOST_SEEDS = 2_000;

describe.concurrent("a rule that is taken from the product is missed", () => {
  test.each(MUTATIONS)("$id where it $does", async ({ id }) => {
    const { isGood, output } = await simulate("--seeds", `${MOST_SEEDS}`, "--mutate", id);
    expect(output).toMatch(/ 1 violations/);
    expect(isGood).toBe(true);
  });
});
