import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { createTestHarness } from "wrangler";

const EXAMPLE = join(import.meta.dirname, "..");
const ROOT = join(EXAMPLE, "../..");

const run = promisify(execFile);

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
  vi.stubEnv("PATH", `${join(ROOT, "node_modules/.bin")}:${process.env["PATH"]}`);
  ({ url } = await server.listen());
});

beforeEach(async () => {
  id = crypto.randomUUID();
});

afterAll(async () => {
  await server.close();
  vi.unstubAllEnvs();
});

/** Status and JSON of an answer to somebody; nobody is logged in where no name is said. */
async function ask(method: string, path: string, body?: unknown, user = "ada") {
  const response = await fetch(new URL(path, url), {
    method,
    headers: {
      ...(user === "" ? {} : { authorization: `Bearer ${user}` }),
      ...(body !== undefined && { "content-type": "application/json" }),
    },
    ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });
  return [response.status, (await response.json()) as Record<string, unknown>] as const;
}

const create = () => ask("POST", "/api/sessions", { id });
const getMeta = () => ask("GET", `/api/sessions/${id}/meta`);
const patchMeta = (meta: unknown) => ask("PATCH", `/api/sessions/${id}`, { meta });
const rate = (stars: unknown) => ask("POST", `/api/sessions/${id}/ratings`, { stars });

/** Throws an object out of memory; what it stored stays. */
const evict = () => server.getWorker().evictDurableObject("RatedSession", { name: id });

/** Runs SQL inside the object. */
async function query(sql: string): Promise<unknown[]> {
  const storage = await server.getWorker().getDurableObjectStorage("RatedSession", { name: id });
  return storage.exec(sql);
}

test("one command goes through all of it", async () => {
  const { stdout, stderr } = await run("npm", ["run", "--silent", "start"], { cwd: EXAMPLE });
  expect(stdout.trim().split("\n")).toEqual([
    "ada created a session",
    'metadata: {"title":"Trip to Rome","days":4}',
    "the newest of several messages: And how do we get there?",
    "running: Book the train (0.5)",
    "1 rating, 5 stars",
    "bob may not pause it: 403 forbidden",
  ]);
  expect(stderr.split("\n").filter((line) => line !== "" && !line.startsWith("npm "))).toEqual([]);
});

test("the Worker says that it is healthy, to anybody", async () => {
  expect(await ask("GET", "/health", undefined, "")).toEqual([200, { status: "ok" }]);
});

test("nobody gets in without a name, and a viewer changes nothing, in the routes of sessions and in the app's own", async () => {
  await create();
  for (const path of [`/api/sessions/${id}`, `/api/sessions/${id}/summary`]) {
    const [status, { code }] = await ask("GET", path, undefined, "");
    expect([status, code]).toEqual([401, "unauthorized"]);
    expect((await ask("GET", path, undefined, "bob"))[0]).toBe(200);
  }
  for (const path of ["messages", "ratings"]) {
    const [status, { code }] = await ask("POST", `/api/sessions/${id}/${path}`, {}, "bob");
    expect([status, code]).toEqual([403, "forbidden"]);
  }
});

test("a session that was never created is not found, and asking stores nothing", async () => {
  const [status, { code }] = await getMeta();
  expect([status, code]).toEqual([404, "session_not_found"]);
  expect(await ask("GET", `/api/sessions/${id}/summary`)).toEqual([
    200,
    { meta: {}, latest: [], running: [] },
  ]);
  const tables = "SELECT name FROM sqlite_master WHERE type = 'table' AND name = 'session_meta'";
  expect(await query(tables)).toEqual([]);
});

test("metadata merges shallowly, a null deletes its key and no other, and memory is not needed", async () => {
  await create();
  await patchMeta({ title: "Trip", tags: { season: "winter", year: 2026 }, draft: true });
  await patchMeta({ tags: { season: "summer" }, draft: null, absent: null });
  const merged = { title: "Trip", tags: { season: "summer" } };
  expect(await getMeta()).toEqual([200, { meta: merged }]);
  await evict();
  expect(await getMeta()).toEqual([200, { meta: merged }]);
  expect(await query("SELECT key, value FROM session_meta ORDER BY key")).toEqual([
    { key: "tags", value: '{"season":"summer"}' },
    { key: "title", value: '"Trip"' },
  ]);
});

test("sessions of different names share nothing", async () => {
  await create();
  await patchMeta({ title: "Trip" });
  await ask("POST", "/api/sessions", { id: `${id}-b` });
  expect(await ask("GET", `/api/sessions/${id}-b/meta`)).toEqual([200, { meta: {} }]);
});

test.each(["[1, 2]", '"text"', "null", "{", '{"meta":[]}', "{}"])(
  "metadata that is no object is refused: %s",
  async (body) => {
    await create();
    await patchMeta({ title: "Trip" });
    const [status, { code }] = await ask("PATCH", `/api/sessions/${id}`, body);
    expect([status, code]).toEqual([400, "bad_request"]);
    expect(await getMeta()).toEqual([200, { meta: { title: "Trip" } }]);
  },
);

test("metadata of more than 64 KiB is refused, and what was there stays", async () => {
  await create();
  await patchMeta({ title: "Trip" });
  const [status, { code }] = await patchMeta({ text: "x".repeat(64 * 1024) });
  expect([status, code]).toEqual([413, "too_large"]);
  expect(await getMeta()).toEqual([200, { meta: { title: "Trip" } }]);
});

test("the newest messages come oldest first, as many as asked for, from their table", async () => {
  await create();
  for (const text of ["one", "two", "three"])
    await ask("POST", `/api/sessions/${id}/messages`, { id: text, text });
  const idsOf = async (search: string) => {
    const [, { messages }] = await ask("GET", `/api/sessions/${id}/messages${search}`);
    return (messages as { readonly message: { readonly id: string } }[]).map(
      ({ message }) => message.id,
    );
  };
  expect(await idsOf("")).toEqual(["one", "two", "three"]);
  expect(await idsOf("?limit=2")).toEqual(["two", "three"]);
  expect((await ask("GET", `/api/sessions/${id}/messages?limit=all`))[0]).toBe(400);
  expect(await query("SELECT id FROM messages ORDER BY position")).toEqual([
    { id: "one" },
    { id: "two" },
    { id: "three" },
  ]);
});

test("tasks outlive the object's memory and are listed by status", async () => {
  await create();
  for (const title of ["Pack", "Fly"])
    await ask("POST", `/api/sessions/${id}/tasks`, { id: title, title });
  const done = await ask("PATCH", `/api/sessions/${id}/tasks/Pack`, { status: "done", result: 2 });
  expect(done[0]).toBe(200);
  await evict();
  const [, { tasks }] = await ask("GET", `/api/sessions/${id}/tasks?status=done`);
  expect(tasks).toMatchObject([{ id: "Pack", status: "done", result: 2, source: "app" }]);
});

test("a subclass has a table and a method of its own, which outlive the object's memory", async () => {
  expect(await rate(5)).toEqual([200, { count: 1, average: 5 }]);
  await evict();
  expect(await rate(2)).toEqual([200, { count: 2, average: 3.5 }]);
  expect(await query("SELECT stars FROM ratings ORDER BY id")).toEqual([
    { stars: 5 },
    { stars: 2 },
  ]);
});

test.each([0, 6, 2.5, "many", null])("a rating of %j stars is refused", async (stars) => {
  const [status, { code, detail }] = await rate(stars);
  expect([status, code, detail]).toEqual([
    400,
    "bad_request",
    "A rating is a whole number of stars, 1 to 5.",
  ]);
  expect(await rate(4)).toEqual([200, { count: 1, average: 4 }]);
});

test("the Worker builds for a deploy", async () => {
  const { stdout } = await run("wrangler", ["deploy", "--dry-run"], { cwd: EXAMPLE });
  expect(stdout).toContain("env.SESSION_DO (RatedSession)");
  expect(stdout).toContain("env.SESSION_INDEX (SessionIndexDO)");
});
