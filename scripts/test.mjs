// Runs every check of the repository, a line for each as it ends, and the totals alone on the last line. A check counts as
// one, a vitest project as its tests; what did not run counts as failed.
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

/**
 * @typedef {object} Stage
 * @property {string} name
 * @property {string} [needs] A stage before it: where that has failed, this has too.
 * @property {() => Promise<Result>} run
 */

/** Stages that run beside each other, a few at a time; a group begins when the one before has ended. @type {{ atOnce: number, stages: Stage[] }[]} */
const groups = [
  {
    // Before the tests: some write files into their folder, which the types would be checked of.
    atOnce: 2,
    stages: [
      { name: "types", run: () => check("node", "scripts/typecheck.mjs") },
      { name: "build", run: () => check("npm", "run", "build") },
      { name: "lint", run: () => check("oxlint") },
      { name: "pack", needs: "build", run: () => check("node", "scripts/pack.mjs", tarball) },
      { name: "attw", needs: "pack", run: () => check("attw", tarball, "--profile", "esm-only") },
      { name: "publint", needs: "pack", run: () => check("publint", tarball, "--strict") },
      { name: "format", run: () => check("oxfmt", "--check") },
      { name: "import directions", run: () => check("node", "scripts/check-imports.mjs") },
    ],
  },
  {
    // None fills two cores by itself: what mostly waits begins beside what only computes.
    atOnce: 2,
    stages: [
      { name: "system tests", needs: "build", run: () => tests("system") },
      { name: "simulation", run: () => tests("simulation") },
      { name: "unit tests", run: () => tests("unit") },
      { name: "workers tests", run: () => tests("workers") },
    ],
  },
  {
    atOnce: 1,
    stages: [{ name: "system tests, alone", needs: "build", run: () => tests("system-alone") }],
  },
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
/** How each stage ends. @type {Map<string, Promise<Result>>} */
const results = new Map();

/**
 * @param {Stage} stage
 * @returns {Promise<Result>}
 */
async function resultOf({ needs, run: runStage }) {
  const needed = needs === undefined ? undefined : await results.get(needs);
  return needs !== undefined && needed?.failed !== 0
    ? { passed: 0, failed: 1, output: `Not run, because ${needs} failed.\n`, seconds: 0 }
    : runStage();
}

/**
 * Runs the stages one after the other, taking each from the list.
 *
 * @param {Stage[]} waiting
 */
async function runNext(waiting) {
  for (let stage = waiting.shift(); stage !== undefined; stage = waiting.shift()) {
    const pending = resultOf(stage);
    results.set(stage.name, pending);
    const result = await pending;
    passed += result.passed;
    failed += result.failed;
    if (result.failed > 0) process.stdout.write(`\n${result.output}\n`);
    const counts = `${result.passed} passed, ${result.failed} failed`;
    console.log(
      `${result.failed > 0 ? "✗" : "✓"} ${stage.name}: ${counts} (${result.seconds.toFixed(1)} s)`,
    );
  }
}

try {
  for (const { atOnce, stages } of groups) {
    const waiting = [...stages];
    await Promise.all(Array.from({ length: atOnce }, () => runNext(waiting)));
  }
} finally {
  await rm(scratch, { recursive: true, force: true });
}

process.exitCode = failed > 0 ? 1 : 0;
console.log(`${passed} passed, ${failed} failed`);
