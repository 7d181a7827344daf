import { expect, test } from "vitest";
import { countVitest } from "./vitest-report.mjs";

function file(status: string, ...tests: string[]) {
  return { status, assertionResults: tests.map((each) => ({ status: each })) };
}

test("each test counts", () => {
  const report = {
    testResults: [file("passed", "passed", "passed"), file("failed", "passed", "failed")],
  };
  expect(countVitest(report, false)).toEqual({ passed: 3, failed: 1 });
});

test.each(["skipped", "pending", "todo", "disabled"])("a %s test counts as failed", (status) => {
  const report = { testResults: [file("passed", "passed", status)] };
  expect(countVitest(report, true)).toEqual({ passed: 1, failed: 1 });
});

test("a file that failed to load counts as failed", () => {
  const report = { testResults: [file("passed", "passed"), file("failed")] };
  expect(countVitest(report, false)).toEqual({ passed: 1, failed: 1 });
});

test("a file whose teardown failed counts as failed though its tests passed", () => {
  const report = { testResults: [file("failed", "passed")] };
  expect(countVitest(report, false)).toEqual({ passed: 1, failed: 1 });
});

test("a file without tests counts as failed", () => {
  const report = { testResults: [file("passed", "passed"), file("passed")] };
  expect(countVitest(report, true)).toEqual({ passed: 1, failed: 1 });
});

test("a run that failed outside of any file counts as failed", () => {
  const report = { testResults: [file("passed", "passed")] };
  expect(countVitest(report, false)).toEqual({ passed: 1, failed: 1 });
});

test("a run without a test counts as failed", () => {
  expect(countVitest({ testResults: [] }, true)).toEqual({ passed: 0, failed: 1 });
});

test("a run without a report counts as failed", () => {
  expect(countVitest(undefined, true)).toEqual({ passed: 0, failed: 1 });
});
