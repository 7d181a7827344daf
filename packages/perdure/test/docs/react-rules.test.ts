import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ROOT } from "./snippets.ts";

const idsIn = (text: string, pattern: RegExp) =>
  new Set([...text.matchAll(pattern)].map(([, id]) => id));

test("the rules in the guide on React are those that tests are named after", () => {
  const guide = readFileSync(join(ROOT, "docs/guides/react.md"), "utf8");
  const tests = globSync("packages/perdure/test{,-system}/**/*.test.ts", { cwd: ROOT })
    .map((path) => readFileSync(join(ROOT, path), "utf8"))
    .join("\n");
  const rules = idsIn(guide, /^- \*\*(U\d+)\*\* /gm);
  expect(rules.size).toBeGreaterThan(10);
  expect(idsIn(tests, /\b(?:test|\]\)|\)\()\(?"(U\d+) /g)).toEqual(rules);
});
