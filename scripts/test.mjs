// Runs every check of the repository in order, a line for each, and ends with the totals alone on the last line. A check
// counts as one, a vitest project as its tests; what did not run counts as failed.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "./run-command.mjs";
import { countVitest, readVitestReport } from "./vitest-report.mjs";

/**
 * @typedef {object} Result
 * @property {number} passed
 * @property {number} failed
 * @property {string} output What to show if anything failed.
 * @property {number} seconds
 */

const scratch = await mkdtemp(join(tmpdir(), "perdure-test-"));
const tarball = join(scratch, "perdure.tgz");

/** @type {{ name: string, needs?: string, run: () => Promise<Result> }[]} */
const stages = [
  { name: "format", run: () => check("oxfmt", "--check") },
  { name: "lint", run: () => check("oxlint") },
  { name: "types", run: () => check("node", "scripts/typecheck.mjs") },
  { name: "import directions", run: () => check("node", "scripts/check-imports.mjs") },
  { name: "build", run: () => check("npm", "run", "build") },
  { name: "pack", needs: "build", run: () => check("node", "scripts/pack.mjs", tarball) },
  { name: "publint", needs: "pack", run: () => check("publint", tarball, "--strict") },
  { name: "attw", needs: "pack", run: () => check("attw", tarball, "--profile", "esm-only") },
  { name: "unit tests", run: () => tests("unit") },
  { name: "simulation", run: () => tests("simulation") },
  { name: "workers tests", run: () => tests("workers") },
  { name: "system tests", needs: "build", run: () => tests("system") },
  { name: "system tests, alone", needs: "build", run: () => tests("system-alone") },
];

/**
 * @param {string} command
 * @param {string[]} parameters
 * @returns {Promise<Result>}
 */
async function check(command, ...parameters) {
  const { ok, output, seconds } = await run(command, parameters);
  return { passed: ok ? 1 : 0, failed: ok ? 0 : 1, output, seconds };
}

/**
 * @param {string} project
 * @returns {Promise<Result>}
 */
async function tests(project) {
  const file = join(scratch, `${project}.json`);
  const { ok, output, seconds } = await run("vitest", [
    "run",
    `--project=${project}`,
    "--reporter=default",
    "--reporter=json",
    `--outputFile.json=${file}`,
  ]);
  return { ...countVitest(await readVitestReport(file), ok), output, seconds };
}

let passed = 0;
let failed = 0;
/** @type {Set<string>} */
const broken = new Set();
try {
  for (const { name, needs, run: runStage } of stages) {
    const result =
      needs !== undefined && broken.has(needs)
        ? { passed: 0, failed: 1, output: `Not run, because ${needs} failed.\n`, seconds: 0 }
        : await runStage();
    passed += result.passed;
    failed += result.failed;
    if (result.failed > 0) {
      broken.add(name);
      process.stdout.write(`\n${result.output}\n`);
    }
    const counts = `${result.passed} passed, ${result.failed} failed`;
    console.log(
      `${result.failed > 0 ? "✗" : "✓"} ${name}: ${counts} (${result.seconds.toFixed(1)} s)`,
    );
  }
} finally {
  await rm(scratch, { recursive: true, force: true });
}

process.exitCode = failed > 0 ? 1 : 0;
console.log(`${passed} passed, ${failed} failed`);
