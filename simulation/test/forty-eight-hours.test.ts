import { expect, test } from "vitest";
import { play } from "./simulate.ts";

test.for([1, 2, 3])("a session over 48 hours is what it was, by seed %i", async (seed) => {
  const { isGood, output } = await play("simulation/stories/forty-eight-hours.ts", String(seed));
  expect(output.match(/^ok /gm)).toHaveLength(7);
  expect(isGood).toBe(true);
});
