import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ROOT } from "./snippets.ts";

const text = readFileSync(join(ROOT, "docs/GUARANTEES.md"), "utf8");

/** Everything in code marks, without the blocks. */
const marked = [...text.replaceAll(/^```[^]*?^```$/gm, "").matchAll(/`([^`]+)`/g)].map(
  ([, code = ""]) => code,
);

const filesOf = (pattern: string) =>
  globSync(pattern, { cwd: ROOT, exclude: ["**/node_modules/**"] }).map((path) => `/${path}`);

test("every test that GUARANTEES.md names is there, and is one file", () => {
  const tests = filesOf("{packages,apps,examples,simulation}/**/*.test.ts");
  const named = marked.filter((code) => code.endsWith(".test.ts"));
  expect(named.length).toBeGreaterThan(40);
  const meant = named.map((name) => [name, tests.filter((path) => path.endsWith(`/${name}`))]);
  expect(meant.filter(([, paths]) => paths?.length !== 1)).toEqual([]);
});

test("every check, helper and folder that GUARANTEES.md names is there", () => {
  const files = filesOf("{packages,simulation,bench}/**/*");
  const named = marked.filter((code) => /^[\w/-]+\.ts$|^[\w-]+\/[\w/-]+$/.test(code));
  expect(named.length).toBeGreaterThan(10);
  expect(named.filter((name) => !files.some((path) => path.endsWith(`/${name}`)))).toEqual([]);
});

test("every measurement that GUARANTEES.md names is one of the benchmark's", () => {
  const named = [...text.matchAll(/bench `([\w-]+)`/g)].map(([, name]) => name);
  expect(named.length).toBeGreaterThan(4);
  const measured = filesOf("bench/src/measurements/*.ts");
  expect(named.filter((name) => !measured.includes(`/bench/src/measurements/${name}.ts`))).toEqual(
    [],
  );
});
