import { expect, test } from "vitest";
import type { Action } from "../../src/auth/index.ts";
import { permits } from "../../src/auth/index.ts";

/** One row for each action: viewer, participant, runner, admin. */
const TABLE: Readonly<Record<Action, readonly [boolean, boolean, boolean, boolean]>> = {
  describe: [true, true, true, true],
  read: [true, true, false, true],
  list: [true, true, false, true],
  prompt: [false, true, false, true],
  cancel: [false, true, false, true],
  decide: [false, true, false, true],
  "set-meta": [false, true, false, true],
  "create-task": [false, true, false, true],
  "update-task": [false, true, false, true],
  wake: [false, true, false, true],
  pause: [false, false, false, true],
  resume: [false, false, false, true],
  terminate: [false, false, false, true],
  export: [false, true, false, true],
  create: [false, false, false, true],
  erase: [false, false, false, true],
  share: [false, false, false, true],
  "mint-token": [false, false, false, true],
  run: [false, false, true, false],
};

const ROLES = ["viewer", "participant", "runner", "admin"] as const;

const cells = (Object.keys(TABLE) as Action[]).flatMap((action) =>
  ROLES.map((role, column) => ({ role, action, expected: TABLE[action][column] })),
);

test.for(cells)("$role, $action: $expected", ({ role, action, expected }) => {
  expect(permits(role, action)).toBe(expected);
});
