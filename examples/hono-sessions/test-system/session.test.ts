import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { createTestHarness } from "wrangler";

const EXAMPLE = join(import.meta.dirname, "..");
const ROOT = join(EXAMPLE, "../..");

const server = createTestHarness({
  root: EXAMPLE,
  workers: [{ configPath: "wrangler.jsonc" }],
});

let url: URL;

/** A new name for each test, so that none sees what another stored. */
let id = "";

beforeAll(async () => {
  if (!existsSync(join(ROOT, "packages/perdure/dist/session/index.js")))
    throw new Error("System tests run what is built: run `npm run build` first.");
  vi.stubEnv("X_LOCAL_OBSERVABILITY", "false");
  vi.stubEnv("WRANGLER_SEND_METRICS", "false");
  vi.stubEnv("CLOUDFLARE_CF_FETCH_ENABLED", "false");
  ({ url } = await server.listen());
});

beforeEach(() => {
  id = crypto.randomUUID();
});

afterAll(async () => {
  await server.close();
  vi.unstubAllEnvs();
});

/** Status and JSON of an answer. */
async function ask(method: string, path: string, body?: string) {
  const response = await fetch(new URL(path, url), { method, ...(body && { body }) });
  return [response.status, await response.json()] as const;
}

const getMeta = () => ask("GET", `/sessions/${id}/meta`);
const patchMeta = (patch: unknown) => ask("PATCH", `/sessions/${id}/meta`, JSON.stringify(patch));
const rate = (stars: string) => ask("POST", `/rated/${id}/ratings?stars=${stars}`);

/** Throws an object out of memory; what it stored stays. */
const evict = (className: "SessionDO" | "RatedSession") =>
  server.getWorker().evictDurableObject(className, { name: id });

/** Runs SQL inside the object. */
async function query(className: "SessionDO" | "RatedSession", sql: string): Promise<unknown[]> {
  const storage = await server.getWorker().getDurableObjectStorage(className, { name: id });
  return storage.exec(sql);
}

test("the Worker says that it is healthy", async () => {
  expect(await ask("GET", "/health")).toEqual([200, { status: "ok" }]);
});

test("each session says by its own fetch that it is healthy", async () => {
  expect(await ask("GET", `/sessions/${id}/health`)).toEqual([200, { status: "ok" }]);
});

test("a session without metadata has an empty object, and asking stores nothing", async () => {
  expect(await getMeta()).toEqual([200, {}]);
  expect(await ask("GET", `/sessions/${id}/messages`)).toEqual([200, []]);
  const tables = "SELECT name FROM sqlite_master WHERE type = 'table' AND name = 'session_meta'";
  expect(await query("SessionDO", tables)).toEqual([]);
});

test("metadata merges shallowly, and the answer is all of it", async () => {
  await patchMeta({ title: "Trip", tags: { season: "winter", year: 2026 } });
  const merged = { title: "Trip", tags: { season: "summer" }, pinned: true };
  expect(await patchMeta({ tags: { season: "summer" }, pinned: true })).toEqual([200, merged]);
  expect(await getMeta()).toEqual([200, merged]);
});

test("a null deletes its key of the metadata and no other", async () => {
  await patchMeta({ title: "Trip", draft: true });
  expect(await patchMeta({ draft: null, absent: null })).toEqual([200, { title: "Trip" }]);
  expect(await query("SessionDO", "SELECT key, value FROM session_meta")).toEqual([
    { key: "title", value: '"Trip"' },
  ]);
});

test("metadata outlives the object's memory", async () => {
  await patchMeta({ title: "Trip" });
  await evict("SessionDO");
  expect(await getMeta()).toEqual([200, { title: "Trip" }]);
});

test("sessions of different names share nothing", async () => {
  await patchMeta({ title: "Trip" });
  expect(await ask("GET", "/sessions/another/meta")).toEqual([200, {}]);
});

test.each(["[1, 2]", '"text"', "null", "{"])(
  "metadata that is no object is refused: %s",
  async (body) => {
    await patchMeta({ title: "Trip" });
    expect(await ask("PATCH", `/sessions/${id}/meta`, body)).toEqual([
      400,
      { code: "bad_request", detail: "Metadata is an object of keys and values." },
    ]);
    expect(await getMeta()).toEqual([200, { title: "Trip" }]);
  },
);

test("metadata of more than 64 KiB is refused, and what was there stays", async () => {
  await patchMeta({ title: "Trip" });
  expect(await patchMeta({ text: "x".repeat(64 * 1024) })).toEqual([
    413,
    { code: "too_large", detail: "All metadata together has at most 65536 bytes." },
  ]);
  expect(await getMeta()).toEqual([200, { title: "Trip" }]);
});

test("the newest messages come oldest first, as many as asked for, from their table", async () => {
  const { SESSION_DO } = await server.getWorker().getEnv();
  const session = SESSION_DO.getByName(id);
  const ada = { subject: "ada", role: "admin", expiresAt: null };
  await session.create(ada, { id });
  const messages = ["one", "two", "three"].map((text) => ({
    id: text,
    role: "user",
    parts: [{ type: "text", text }],
  }));
  for (const { id: prompt, parts } of messages)
    await session.command(ada, prompt, { op: "prompt", parts });

  expect(await ask("GET", `/sessions/${id}/messages`)).toEqual([200, messages]);
  expect(await ask("GET", `/sessions/${id}/messages?limit=2`)).toEqual([200, messages.slice(1)]);
  expect(await ask("GET", `/sessions/${id}/messages?limit=all`)).toEqual([200, messages]);
  expect(await query("SessionDO", "SELECT id FROM messages ORDER BY position")).toEqual([
    { id: "one" },
    { id: "two" },
    { id: "three" },
  ]);
});

test("a subclass has a table and a method of its own, which outlive the object's memory", async () => {
  expect(await rate("5")).toEqual([200, { count: 1, average: 5 }]);
  await evict("RatedSession");
  expect(await rate("2")).toEqual([200, { count: 2, average: 3.5 }]);
  expect(await query("RatedSession", "SELECT stars FROM ratings ORDER BY id")).toEqual([
    { stars: 5 },
    { stars: 2 },
  ]);
});

test.each(["0", "6", "2.5", "many", ""])("a rating of %j stars is refused", async (stars) => {
  expect(await rate(stars)).toEqual([
    400,
    { code: "bad_request", detail: "A rating is a whole number of stars, 1 to 5." },
  ]);
  expect(await rate("4")).toEqual([200, { count: 1, average: 4 }]);
});

test("the Worker builds for a deploy", async () => {
  const { stdout } = await promisify(execFile)("wrangler", ["deploy", "--dry-run"], {
    cwd: EXAMPLE,
    env: { ...process.env, PATH: `${join(ROOT, "node_modules/.bin")}:${process.env["PATH"]}` },
  });
  expect(stdout).toContain("env.SESSION_DO (SessionDO)");
  expect(stdout).toContain("env.RATED_SESSION_DO (RatedSession)");
});
