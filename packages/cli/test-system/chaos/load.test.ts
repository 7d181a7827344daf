import { expect, test } from "vitest";
import { cutAndResume } from "../support/load-scenario.ts";

test("300 sockets on 30 sessions, all cut at once, all come back to exactly what they missed", async () => {
  expect(await cutAndResume({ sockets: 300, sessions: 30 })).toEqual({
    seats: 300,
    wrong: [],
    hasSurvived: true,
    complaints: "",
  });
});
