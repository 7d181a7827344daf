import { expect, test } from "vitest";
import { checkFile } from "./check-imports.mjs";

function reasons(file: string, source: string): string[] {
  return checkFile(file, source).map((violation) => violation.reason);
}

const src = "packages/perdure/src";

test.each([
  [`${src}/log/cursor.ts`, `import { type Position } from "../protocol/index.ts";`],
  [`${src}/protocol/contract.ts`, `import type { StandardSchemaV1 } from "@standard-schema/spec";`],
  [`${src}/log/cursor.ts`, `import { merge } from "./segments/merge.ts";`],
  [`${src}/http/routes.ts`, `import { Hono } from "hono";`],
  [`${src}/http/routes.ts`, `import { SessionDO } from "../session/index.ts";`],
  [`${src}/react/list.ts`, `import { SessionListClient } from "../client/list/index.ts";`],
  [`${src}/object/base-do.ts`, `import { DurableObject } from "cloudflare:workers";`],
  [`packages/cli/src/main.ts`, `import { SessionClient } from "perdure/client";`],
  [`packages/cli/src/commands/run.ts`, `import { spool } from "../spool.ts";`],
])("%s may say: %s", (file, source) => {
  expect(reasons(file, source)).toEqual([]);
});

test.each([
  [
    `${src}/log/log.ts`,
    `import { Turn } from "../session/index.ts";`,
    "log may import protocol, object",
  ],
  [
    `${src}/log/log.ts`,
    `import type { Turn } from "../session/index.ts";`,
    "log may import protocol, object",
  ],
  [`${src}/log/log.ts`, `export * from "../session/index.ts";`, "log may import protocol, object"],
  [`${src}/log/log.ts`, `await import("../session/index.ts");`, "log may import protocol, object"],
  [
    `${src}/session/turn.ts`,
    `import "../auth/index.ts";`,
    "session may import protocol, object, log, directory",
  ],
  [`${src}/client/client.ts`, `import "../log/index.ts";`, "client may import protocol"],
  [`${src}/protocol/frame.ts`, `import "../object/index.ts";`, "protocol may import no other room"],
  [`${src}/protocol/frame.ts`, `import "zod";`, "protocol imports no package"],
  [`${src}/log/log.ts`, `import "../object/sql.ts";`, "object is imported through its index.ts"],
  [`${src}/log/log.ts`, `import "perdure/object";`, "rooms import each other by relative path"],
  [
    `${src}/log/log.ts`,
    `import "../../test/log.ts";`,
    "the library imports nothing outside its src",
  ],
  [`${src}/log/log.ts`, `import "node:fs";`, "the library has no Node-only code"],
  [
    `${src}/session/approvals.ts`,
    `import { env } from "cloudflare:workers";`,
    "only *-do.ts and durable-*.ts of object, session, shard, connection, mcp and http may touch the platform",
  ],
  [
    `${src}/log/log-do.ts`,
    `import { env } from "cloudflare:workers";`,
    "only *-do.ts and durable-*.ts of object, session, shard, connection, mcp and http may touch the platform",
  ],
  [`${src}/index.ts`, `import "./log/index.ts";`, "every source file belongs to a room"],
  [
    `${src}/misc/helper.ts`,
    `import "hono";`,
    `the room "misc" is unknown: say in scripts/check-imports.mjs what it may import`,
  ],
  [
    `packages/cli/src/main.ts`,
    `import "../../perdure/src/log/index.ts";`,
    "a program imports other packages by name, through their public exports",
  ],
])("%s may not say: %s", (file, source, reason) => {
  expect(reasons(file, source)).toEqual([reason]);
});
