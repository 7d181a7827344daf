import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { WebSocket } from "ws";

const program = fileURLToPath(new URL("../bin/perdure.js", import.meta.url));
const MAX_CONNECTIONS = 4;

let folder = "";
let server: ChildProcess;
let output = "";
let loginUrl = "";
let origin = "";
let cookie = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "perdure-worker-"));
  const options = ["--port", "0", "--dir", folder, "--max-connections", String(MAX_CONNECTIONS)];
  server = spawn(process.execPath, [program, "serve", ...options, "--verbose"]);
  for (const stream of [server.stdout, server.stderr])
    stream?.on("data", (data) => {
      output += String(data);
    });
  loginUrl = await vi.waitFor(
    () => {
      const [url] = /http:\S+\/login\?token=\S+/.exec(output) ?? [];
      if (url === undefined) throw new Error(`no URL yet: ${output}`);
      return url;
    },
    { timeout: 20_000 },
  );
  ({ origin } = new URL(loginUrl));
});

afterAll(async () => {
  if (server.exitCode === null) server.kill("SIGKILL");
  await rm(folder, { recursive: true, force: true });
});

const get = async (path: string, headers: Record<string, string> = {}) =>
  fetch(new URL(path, origin), { headers: { cookie, ...headers } });

const post = async (path: string, body: unknown) =>
  fetch(new URL(path, origin), {
    method: "POST",
    headers: { cookie, origin, "content-type": "application/json" },
    body: JSON.stringify(body),
  });

const codeOf = async (response: Response) =>
  [response.status, ((await response.json()) as { code: unknown }).code] as const;

const stream = async () => get("/v1/sessions/s1/events", { accept: "text/event-stream" });

const drain = async (bearer: string) =>
  fetch(new URL("/_perdure/drain", origin), {
    method: "POST",
    headers: { authorization: `Bearer ${bearer}`, cookie, origin },
  });

/** A stream, once there is room for one. */
const whenAdmitted = async () =>
  vi.waitFor(
    async () => {
      const response = await stream();
      expect(response.status).toBe(200);
      return response;
    },
    { timeout: 30_000, interval: 200 },
  );

const socket = () =>
  new WebSocket(`${origin.replace("http", "ws")}/v1/sessions/s1/ws`, ["perdure"], {
    headers: { cookie, origin },
  });

test("the URL that was printed logs a browser in", async () => {
  const response = await fetch(loginUrl, { redirect: "manual" });
  expect([response.status, response.headers.get("location")]).toEqual([303, "/"]);
  [cookie = ""] = response.headers.get("set-cookie")?.split(";") ?? [];
  expect(cookie).toContain(new URL(origin).port);
  expect((await post("/v1/sessions", { id: "s1" })).status).toBe(201);
  expect((await get("/v1/sessions/s1")).status).toBe(200);
});

test("the console and its scripts have their types and the policy", async () => {
  const page = await get("/s/anything");
  const html = await page.text();
  expect(page.headers.get("content-type")).toBe("text/html; charset=utf-8");
  expect(page.headers.get("content-security-policy")).toContain("frame-ancestors 'none'");
  const [, script = "/none.js"] = /src="([^"]+\.js)"/.exec(html) ?? [];
  const code = await get(script);
  await code.body?.cancel();
  expect([code.status, code.headers.get("content-type")]).toEqual([
    200,
    "text/javascript; charset=utf-8",
  ]);
});

test.for(["/../worker.js", "/..%2fsecret.txt", "/assets/..%2f..%2fworker.js", "/.hidden.js"])(
  "%s leads nowhere",
  async (path) => {
    const { hostname, port } = new URL(origin);
    // `fetch` would tidy the path up.
    const sent = request({ hostname, port, path }).end();
    const [response] = (await once(sent, "response")) as [{ statusCode: number; resume(): void }];
    response.resume();
    expect(response.statusCode).toBe(404);
  },
);

test("a foreign host name is refused", async () => {
  const { hostname, port } = new URL(origin);
  const sent = request({ hostname, port, path: "/health", headers: { host: "x.example" } }).end();
  const [response] = (await once(sent, "response")) as [{ statusCode: number; resume(): void }];
  response.resume();
  expect(response.statusCode).toBe(403);
});

test("past the limit a connection is refused, and a cut stream gives its place back", async () => {
  const cut = new AbortController();
  const open = async () =>
    fetch(new URL("/v1/sessions/s1/events", origin), {
      headers: { cookie, accept: "text/event-stream" },
      signal: cut.signal,
    });
  const statuses = [];
  for (let count = 0; count < MAX_CONNECTIONS; count += 1) statuses.push((await open()).status);
  expect(statuses).toEqual([200, 200, 200, 200]);
  expect(await codeOf(await stream())).toEqual([503, "too_many_connections"]);
  cut.abort();
  // A cut is noticed when the next keep-alive is written, after twelve seconds at the latest.
  const admitted = await whenAdmitted();
  await admitted.body?.cancel();
});

test("nobody but the process that started the Worker drains it", async () => {
  const secret = (await readFile(join(folder, "secret"), "utf8")).trim();
  for (const bearer of ["", "guess", secret])
    expect(await codeOf(await drain(bearer))).toEqual([401, "unauthorized"]);
});

test("a stop sends every reader away with a code to come back on, and the server exits", async () => {
  const reader = await whenAdmitted();
  const connected = socket();
  await once(connected, "open");
  expect(connected.protocol).toBe("perdure");
  const closed = once(connected, "close");
  const exited = once(server, "exit");
  server.kill("SIGTERM");
  const [code] = (await closed) as [number];
  expect(code).toBe(1001);
  expect(await reader.text()).toContain("session.created");
  expect(await exited).toEqual([0, null]);
});

test("nothing secret was printed but the URL", async () => {
  const secret = (await readFile(join(folder, "secret"), "utf8")).trim();
  const rest = output.replaceAll(loginUrl, "");
  expect(rest).not.toContain(secret);
  expect(rest).not.toMatch(/eyJ[\w-]+\./);
});
