import type { AddressInfo } from "node:net";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { RunnerWanted } from "perdure/protocol";
import { signWebhook } from "perdure/protocol";
import { gatewayServer } from "../src/gateway/gateway-server.ts";
import { placeOf } from "../src/gateway/place.ts";
import { Refusal } from "../src/gateway/refusal.ts";

const SECRET = "a secret of more than thirty-two bytes";
const NOW = 1_790_000_000_000;

/** A server whose clock stands, and what it was asked for. */
async function listening(
  onWanted: (wanted: RunnerWanted) => Promise<boolean> = async () => true,
  options: { readonly callsFile?: string; readonly now?: () => number } = {},
) {
  const wanted: RunnerWanted[] = [];
  const lines: string[] = [];
  const server = gatewayServer({
    secret: SECRET,
    now: () => NOW,
    ...options,
    log: (line) => lines.push(line),
    onWanted: async (data) => {
      wanted.push(data);
      return onWanted(data);
    },
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const call = async (
    data: object = {},
    options: { id?: string; sentAt?: number; secret?: string; body?: string } = {},
  ) => {
    const { id = "wk_1", sentAt = NOW, secret = SECRET } = options;
    const whole = { session: "s1", attempt: 1, of: 8, why: "queued", ...data };
    const body =
      options.body ?? JSON.stringify({ type: "runner.wanted", timestamp: "", data: whole });
    const headers = await signWebhook(secret, { id, sentAt, body });
    return fetch(url, { method: "POST", headers, body });
  };
  return { url, call, wanted, lines };
}

test("G14 a call is taken once: a copy gets the same answer and has no effect, another attempt has one", async () => {
  const { call, wanted } = await listening();
  expect((await call()).status).toBe(202);
  expect((await call()).status).toBe(202);
  expect(wanted).toHaveLength(1);
  expect((await call({ attempt: 2 })).status).toBe(202);
  expect((await call({}, { id: "wk_2" })).status).toBe(202);
  expect(wanted).toHaveLength(3);
});

test("G19 the next gateway remembers what was taken, for ten minutes, and is not stopped by a file that makes no sense", async () => {
  const folder = mkdtempSync(join(tmpdir(), "perdure-calls-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const callsFile = join(folder, "calls.json");
  let time = NOW;
  const gateway = () => listening(undefined, { callsFile, now: () => time });
  const first = await gateway();
  expect((await first.call()).status).toBe(202);
  const second = await gateway();
  expect((await second.call()).status).toBe(202);
  expect(second.wanted).toEqual([]);
  expect((await second.call({ attempt: 2 })).status).toBe(202);
  expect(second.wanted).toHaveLength(1);

  const entries = () => (JSON.parse(readFileSync(callsFile, "utf8")) as { calls: unknown[] }).calls;
  expect(entries()).toHaveLength(2);
  time += 600_000;
  await second.call({}, { id: "wk_2", sentAt: time });
  expect(entries()).toHaveLength(3);
  time += 1;
  await second.call({}, { id: "wk_3", sentAt: time });
  expect(entries()).toHaveLength(2);

  for (const text of ["", "{", "[]", '{"calls":[1,["a"],["b",{"status":"x"}]]}']) {
    writeFileSync(callsFile, text);
    const next = await gateway();
    expect((await next.call({}, { sentAt: time })).status).toBe(202);
    expect(next.wanted).toHaveLength(1);
    expect(entries()).toHaveLength(1);
  }
});

test("G19 a call is taken also where it cannot be written down", async () => {
  const { call, wanted, lines } = await listening(undefined, {
    callsFile: join(tmpdir(), "perdure-no-such-folder", "calls.json"),
  });
  expect((await call()).status).toBe(202);
  expect((await call()).status).toBe(202);
  expect(wanted).toHaveLength(1);
  expect(lines).toEqual([expect.stringContaining("a call is not on disk: ENOENT")]);
});

test.each([
  ["another secret", { secret: "another secret of more than thirty-two bytes" }],
  ["a time six minutes ago", { sentAt: NOW - 360_000 }],
  ["a time in six minutes", { sentAt: NOW + 360_000 }],
])("G14 a call with %s gets 401", async (_what, options) => {
  const { call, wanted } = await listening();
  expect((await call({}, options)).status).toBe(401);
  expect(wanted).toEqual([]);
});

test("G14 a call without a signature gets 401, and another path 404, whoever signs", async () => {
  const { url } = await listening();
  expect((await fetch(url, { method: "POST", body: "{}" })).status).toBe(401);
  expect((await fetch(`${url}/other`, { method: "POST" })).status).toBe(404);
  expect((await fetch(url)).status).toBe(405);
  expect((await fetch(`${url}/health`)).status).toBe(200);
});

test.each([
  ["no JSON", { body: "text" }],
  ["another type", { body: '{"type":"other","data":{}}' }],
])("a signed call with %s gets 400", async (_what, options) => {
  const { call, wanted } = await listening();
  expect((await call({}, options)).status).toBe(400);
  expect(wanted).toEqual([]);
});

test.each(["../s1", "a/b", "", "x".repeat(65), "a b", "a.json"])(
  "what is no session's id is refused: %j",
  async (session) => {
    const { call, wanted } = await listening();
    expect((await call({ session })).status).toBe(400);
    expect(wanted).toEqual([]);
  },
);

test("a body of more than 64 KiB gets 413", async () => {
  const { call } = await listening();
  expect((await call({}, { body: "x".repeat(65 * 1024) })).status).toBe(413);
});

test("G15, G16: 200 says that a runner was there, 503 when to come back; a refusal is not remembered", async () => {
  let isFull = true;
  const { call, lines } = await listening(async () => {
    if (isFull) throw new Refusal(503, "all runners work", 15);
    return false;
  });
  const full = await call();
  expect([full.status, full.headers.get("retry-after")]).toEqual([503, "15"]);
  isFull = false;
  expect((await call()).status).toBe(200);
  expect(lines).toEqual(["a call was refused (503): all runners work"]);
});

test("G18 an agent works within the roots, links resolved, and nowhere else", () => {
  const base = mkdtempSync(join(tmpdir(), "perdure-places-"));
  onTestFinished(() => rmSync(base, { recursive: true, force: true }));
  const root = join(base, "root");
  mkdirSync(join(root, "repo"), { recursive: true });
  mkdirSync(join(base, "root2"));
  symlinkSync(base, join(root, "out"));
  const places = { roots: [root], cwd: root };
  const statusOf = (wanted: Partial<RunnerWanted>, trees?: string) => {
    try {
      placeOf(
        { session: "s1", attempt: 1, of: 8, why: "queued", ...wanted },
        { ...places, worktrees: trees },
      );
      return 200;
    } catch (error) {
      return error instanceof Refusal ? error.status : error;
    }
  };
  expect(statusOf({})).toBe(200);
  expect(statusOf({ cwd: join(root, "repo") })).toBe(200);
  expect(statusOf({ cwd: base })).toBe(403);
  expect(statusOf({ cwd: join(base, "root2") })).toBe(403);
  expect(statusOf({ cwd: `${root}/repo/../..` })).toBe(403);
  expect(statusOf({ cwd: join(root, "out") })).toBe(403);
  expect(statusOf({ cwd: join(root, "out", "root2") })).toBe(403);
  expect(statusOf({ cwd: "repo" })).toBe(403);
  expect(statusOf({ cwd: join(root, "missing") })).toBe(404);
  const trees = join(base, "trees");
  expect(statusOf({ worktree: join(trees, "s1") })).toBe(403);
  expect(statusOf({ worktree: join(trees, "s1") }, trees)).toBe(200);
  expect(statusOf({ worktree: join(root, "out", "s1") }, trees)).toBe(403);
  const said = { cwd: join(root, "repo"), worktree: join(trees, "of-another-name") };
  expect(
    placeOf(
      { session: "s1", attempt: 1, of: 8, why: "queued", ...said },
      { ...places, worktrees: trees },
    ),
  ).toEqual(said);
  expect(
    placeOf({ session: "s1", attempt: 1, of: 8, why: "queued" }, { ...places, worktrees: trees }),
  ).toEqual({ cwd: root, worktree: join(trees, "s1") });
});
