import { execFileSync } from "node:child_process";
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { publicApi } from "../support/public-api.ts";

const PACKAGE = join(import.meta.dirname, "../..");

/** Entries that are held, each with the rooms whose types belong to it. */
const ENTRIES = [
  { name: "do", rooms: ["do", "auth", "shard"] },
  { name: "auth", rooms: ["auth"] },
] as const;

const { version } = JSON.parse(readFileSync(join(PACKAGE, "package.json"), "utf8")) as {
  readonly version: string;
};
const minor = version.split(".").slice(0, 2).join(".");

let folder: string;
const files = new Map<string, string>();

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "perdure-api-"));
  const flags = ["--noEmit", "false", "--emitDeclarationOnly", "--declaration", "--removeComments"];
  const folders = ["--rootDir", join(PACKAGE, "src"), "--outDir", folder];
  const tsc = join(PACKAGE, "../../node_modules/.bin/tsc");
  execFileSync(tsc, ["-p", join(PACKAGE, "tsconfig.json"), ...flags, ...folders]);
  for (const file of globSync("**/*.d.ts", { cwd: folder }))
    files.set(file, readFileSync(join(folder, file), "utf8"));
}, 60_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.each(ENTRIES)(
  "the public types of perdure/$name change with a minor version only",
  ({ name, rooms }) => {
    const api = publicApi(files, `${name}/index.d.ts`, rooms);
    const path = join(import.meta.dirname, `${name}.${minor}.txt`);
    // For a version that has no file yet, or whose file was deleted before its release: `UPDATE_API=1 npx vitest run …`.
    if (!existsSync(path) && process.env["UPDATE_API"] === "1") writeFileSync(path, api);
    expect(existsSync(path), `${path} is missing: run this test with UPDATE_API=1`).toBe(true);
    expect(api).toBe(readFileSync(path, "utf8"));
  },
);

test("perdure/do has the names that are documented for it", () => {
  const api = publicApi(files, "do/index.d.ts", ["do", "auth", "shard"]);
  for (const line of [
    "SessionDO is AuthSessionDO",
    "export declare class ShardDO<Env = unknown> extends BaseDO<Env>",
    'export declare const ROOT_SHARD_NAME = "__root__";',
    "export declare const ROOT_DO_SIZE_WARN_BYTES: number;",
    "export interface SocketAttachment extends Attachment {",
    "export interface MutationDelta {",
    "RpcRequest is ShardRequest",
    "export interface SubscriptionEnvelope extends SubscribeRequest {",
    "SubscriptionQuery is SubscribeRequest",
    "export type ShardDOState =",
    "export type HibernatableWebSocket =",
    "export declare const SESSION_DO_TTL_DEFAULT = 604800;",
    "export interface SessionRecord {\nuserId: string;\ncreatedAt: number;\nexpiresAt: number;\n}",
  ])
    expect(api).toContain(line);
});

const change = (file: string, from: string, to: string) => {
  const changed = new Map(files);
  const text = files.get(file) ?? "";
  expect(text).toContain(from);
  changed.set(file, text.replace(from, to));
  return publicApi(changed, "do/index.d.ts", ["do", "auth", "shard"]);
};

test("a changed member, a type behind it, and a lost name are changes; layout and a private member are none", () => {
  const api = publicApi(files, "do/index.d.ts", ["do", "auth", "shard"]);
  expect(change("auth/record.d.ts", "expiresAt: number", "expiresAt: Date")).not.toBe(api);
  expect(change("auth/live-objects.d.ts", "readonly binding", "readonly bound")).not.toBe(api);
  expect(change("do/index.d.ts", "SESSION_DO_TTL_DEFAULT", "SESSION_DO_TTL_MAX")).not.toBe(api);
  expect(change("auth/record.d.ts", "userId: string", "\n      userId: string")).toBe(api);
  expect(
    change("auth/auth-session-do.d.ts", "#private;", "#private;\n    private readonly x;"),
  ).toBe(api);
});
