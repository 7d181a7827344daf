import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { OF_TMCP } from "./support/conformance-known.ts";
import type { Results } from "./support/conformance.ts";
import { runSuite, scenariosOf, SUITES } from "./support/conformance.ts";
import { Workerd } from "./support/workerd.ts";

let server: Workerd;

beforeAll(async () => {
  server = await Workerd.start("fixture-worker");
});

afterAll(async () => {
  await server?.stop();
});

describe.each(
  await Promise.all(SUITES.map(async (suite) => [suite, await scenariosOf(suite)] as const)),
)("$0.name", (suite, scenarios) => {
  const known = OF_TMCP[suite.name] ?? {};
  let results: Results;

  beforeAll(async () => {
    results = await runSuite(suite, `${server.url}/mcp`);
  });

  test.each(scenarios)("F200 on workerd, %s passes, but for what is tmcp's", (scenario) => {
    expect(results.get(scenario)?.failures).toEqual(known[scenario] ?? []);
  });

  test.each(scenarios.filter((scenario) => scenario === "server-sse-polling"))(
    "F200 in %s a stream that ends before its answer is resumed, not left out",
    (scenario) => {
      expect(results.get(scenario)?.successes).toEqual([
        "server-sse-disconnect-resume",
        "server-sse-priming-event",
        "server-sse-retry-field",
      ]);
    },
  );
});
