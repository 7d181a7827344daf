import { expect, test } from "vitest";
import { cutAndResume } from "../test-system/support/load-scenario.ts";

test("3,000 sockets on 300 sessions, all cut at once, all come back to exactly what they missed", async () => {
  expect(await cutAndResume({ sockets: 3_000, sessions: 300 })).toEqual({
    seats: 3_000,
    wrong: [],
    hasSurvived: true,
    complaints: "",
  });
});
