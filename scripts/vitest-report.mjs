import { readFile } from "node:fs/promises";

/**
 * @typedef {object} VitestReport What vitest's JSON reporter writes, as far as it is counted here.
 * @property {{ status: string, assertionResults: { status: string }[] }[]} testResults One for each test file.
 */

/**
 * Counts what a vitest run proved. A skipped or a to-do test counts as failed, and so does a file that failed outside of its
 * tests, a file without tests, and a run that failed for another reason or left no report: what did not run proved nothing.
 *
 * @param {VitestReport | undefined} report
 * @param {boolean} succeeded Whether the vitest process ended with code 0.
 * @returns {{ passed: number, failed: number }}
 */
export function countVitest(report, succeeded) {
  const files = report?.testResults ?? [];
  const tests = files.flatMap((file) => file.assertionResults);
  const passed = tests.filter((test) => test.status === "passed").length;
  const brokenFiles = files.filter(({ status, assertionResults }) =>
    status === "passed"
      ? assertionResults.length === 0
      : assertionResults.every((test) => test.status === "passed"),
  ).length;
  const failed = tests.length - passed + brokenFiles;
  return { passed, failed: failed === 0 && (!succeeded || passed === 0) ? 1 : failed };
}

/**
 * @param {string} file Where the JSON reporter was told to write.
 * @returns {Promise<VitestReport | undefined>} Nothing when vitest ended before it could write a report.
 */
export async function readVitestReport(file) {
  try {
    return JSON.parse(await readFile(file, "utf8"));
  } catch {
    return undefined;
  }
}
