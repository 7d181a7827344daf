import { expect, test } from "vitest";
import { formatLogEntry, isImportant, parseLogLine } from "../src/serve/workerd-log.ts";

test("A structured line has a level, and only errors are important", () => {
  const error = parseLogLine('{"timestamp":1,"level":"error","message":"it failed"}');
  expect(error).toEqual({ level: "error", message: "it failed" });
  expect(isImportant(error)).toBe(true);
  expect(isImportant(parseLogLine('{"level":"warn","message":"careful"}'))).toBe(false);
});

test("A line without structure is an error: it comes from a process that aborts", () => {
  expect(parseLogLine("*** Received signal #6")).toEqual({
    level: "error",
    message: "*** Received signal #6",
  });
});

test("Secrets and tokens are hidden", () => {
  const message = "GET /login?token=eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJvIn0.c2ln with s3cret-s3cret";
  expect(formatLogEntry({ level: "error", message }, ["s3cret-s3cret"])).toBe(
    "workerd: GET /login?token=[hidden] with [hidden]",
  );
});

test("Addresses of machine code are left out", () => {
  const message = "it failed\nstack: /bin/workerd@26b6840 /bin/workerd@3739630; id = 1";
  expect(formatLogEntry({ level: "error", message }, [])).toBe("workerd: it failed; id = 1");
});

test("A level that is no error is named", () => {
  expect(formatLogEntry({ level: "warn", message: "careful" }, [])).toBe("workerd: warn: careful");
});
