import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { HELD_ELSEWHERE } from "../mutations/elsewhere.ts";
import { MUTATIONS } from "../mutations/index.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** Sections that say what delivery, order, fencing, turns and approvals are: the simulation is about these. */
const SECTIONS = "CLRNTA";

const document = readFileSync(`${ROOT}/docs/PROTOCOL.md`, "utf8");
const rules = [...document.matchAll(new RegExp(`^- \\*\\*([${SECTIONS}]\\d+)\\*\\*`, "gm"))].map(
  ([, id = ""]) => id,
);

/** The rule that a mutation takes away: a letter tells several mutations of one rule apart. */
const mutated = new Set(MUTATIONS.map(({ id }) => id.replace(/[a-z]$/, "")));

test("every rule of the relay is taken away once, or held by a named test elsewhere", () => {
  expect(rules.length).toBeGreaterThan(100);
  const unheld = rules.filter((rule) => !mutated.has(rule) && HELD_ELSEWHERE[rule] === undefined);
  expect(unheld).toEqual([]);
});

test("no mutation and no exception is of a rule that does not exist, and none is both", () => {
  const known = new Set([...document.matchAll(/^- \*\*([A-Z]\d+)\*\*/gm)].map(([, id]) => id));
  expect([...mutated, ...Object.keys(HELD_ELSEWHERE)].filter((id) => !known.has(id))).toEqual([]);
  expect(Object.keys(HELD_ELSEWHERE).filter((rule) => mutated.has(rule))).toEqual([]);
});

test("a test that holds a rule elsewhere is there, and its title names the rule", () => {
  for (const [rule, where] of Object.entries(HELD_ELSEWHERE)) {
    const path = /\S+\.test\.ts/.exec(where)?.[0];
    expect(path).toBeDefined();
    const titles =
      readFileSync(`${ROOT}/${path}`, "utf8").match(/test(?:\.\w+)*\([^)]*?["'`][^"'`]*/g) ?? [];
    expect(
      titles.some((title) => new RegExp(`\\b${rule}\\b`).test(title)),
      `${rule} in ${path}`,
    ).toBe(true);
  }
});

test("each mutation has an id of its own", () => {
  const ids = MUTATIONS.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
});
