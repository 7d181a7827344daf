import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Program } from "../../../cli/test-system/support/program.ts";
import { OF_MEMORY, OF_TMCP } from "./support/conformance-known.ts";
import type { Results } from "./support/conformance.ts";
import { runSuite, scenariosOf, SUITES } from "./support/conformance.ts";

/** tmcp on Node, as it comes: whatever fails here fails without Perdure. */
let server: Program;
let url = "";

beforeAll(async () => {
  const main = join(import.meta.dirname, "support/in-memory-server.ts");
  server = new Program(process.execPath, [main], import.meta.dirname);
  [, url = ""] = await server.said(/Listens on (\S+)/);
});

afterAll(async () => {
  await server.end("SIGTERM");
});

describe.each(
  await Promise.all(SUITES.map(async (suite) => [suite, await scenariosOf(suite)] as const)),
)("$0.name", (suite, scenarios) => {
  const known = { ...OF_TMCP[suite.name], ...OF_MEMORY[suite.name] };
  let results: Results;

  beforeAll(async () => {
    results = await runSuite(suite, url);
  });

  test.each(scenarios)("F201 in memory, %s fails as is known, and in nothing else", (scenario) => {
    expect(results.get(scenario)?.failures).toEqual(known[scenario] ?? []);
  });

  test("F201 nothing is known to fail that is no scenario", () => {
    expect(Object.keys(known).filter((name) => !scenarios.includes(name))).toEqual([]);
  });
});
