import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { ROOT } from "../../../../cli/test-system/support/program.ts";

/** An official suite: which package, and which revision of the protocol it asks for. */
export interface Suite {
  readonly name: string;
  readonly package: string;
  /** None: the package's own. */
  readonly revision?: string;
}

/** All suites that are run, each with every scenario for servers that it has. */
export const SUITES: readonly Suite[] = [
  { name: "0.1.16", package: "@modelcontextprotocol/conformance" },
  { name: "0.2.0-alpha.12, 2025-11-25", package: "conformance-next", revision: "2025-11-25" },
  { name: "0.2.0-alpha.12, 2026-07-28", package: "conformance-next", revision: "2026-07-28" },
];

/** What a suite says of a scenario: ids of checks, in the order of the alphabet. */
export interface Result {
  /** Empty where it passed. */
  readonly failures: readonly string[];
  readonly successes: readonly string[];
}

/** By the name of the scenario. One that did not run is not here. */
export type Results = ReadonlyMap<string, Result>;

interface Check {
  readonly id: string;
  readonly status: "SUCCESS" | "FAILURE" | "WARNING" | "SKIPPED" | "INFO";
}

const run = promisify(execFile);

const mainOf = (suite: Suite) => join(ROOT, "node_modules", suite.package, "dist/index.js");

/** Names of all scenarios for servers that a suite has. */
export async function scenariosOf(suite: Suite): Promise<readonly string[]> {
  const { stdout } = await run(process.execPath, [mainOf(suite), "list", "--server"]);
  const listed = [...stdout.matchAll(/^ +- (\S+) \[(.*)\]$/gm)];
  return listed
    .filter(([, , revisions = ""]) => {
      return suite.revision === undefined || revisions.split(",").includes(suite.revision);
    })
    .map(([, name = ""]) => name);
}

/** Runs all of a suite against a server. */
export async function runSuite(suite: Suite, url: string): Promise<Results> {
  const folder = await mkdtemp(join(tmpdir(), "perdure-conformance-"));
  try {
    const revision = suite.revision === undefined ? [] : ["--spec-version", suite.revision];
    const options = ["--url", url, "--suite", "all", "--output-dir", folder, ...revision];
    // It fails where a check did; what failed is in its files.
    await run(process.execPath, [mainOf(suite), "server", ...options]).catch(() => {});
    const results = new Map<string, Result>();
    for (const name of await readdir(folder)) {
      const [, scenario = name] = /^server-(.+)-\d{4}-\d\d-\d\dT/.exec(name) ?? [];
      const checks = JSON.parse(await readFile(join(folder, name, "checks.json"), "utf8"));
      results.set(scenario, resultOf(checks as readonly Check[]));
    }
    return results;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A warning counts, and so does what was skipped: a suite passes only where everything was tried and nothing complained of. */
function resultOf(checks: readonly Check[]): Result {
  const idsOf = (...statuses: readonly Check["status"][]) => {
    const ids = checks.filter(({ status }) => statuses.includes(status)).map(({ id }) => id);
    return [...new Set(ids)].toSorted();
  };
  const failures = idsOf("FAILURE", "WARNING", "SKIPPED");
  const successes = idsOf("SUCCESS");
  const isEmpty = failures.length === 0 && successes.length === 0;
  return { failures: isEmpty ? ["nothing was checked"] : failures, successes };
}
