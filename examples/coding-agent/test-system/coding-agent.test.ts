import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { signToken } from "perdure/auth/tokens";

const START = join(import.meta.dirname, "../start.mjs");
const ROOT = join(import.meta.dirname, "../../..");

const folder = mkdtempSync(join(tmpdir(), "perdure-coding-agent-"));
const dir = join(folder, "data");

/** Generous: both commands start, and an agent. */
const TIMEOUT = { timeout: 60_000, interval: 100 };

let url = "";
let output = "";
let example: ReturnType<typeof spawn>;
let headers: Record<string, string> = {};

async function freePort(): Promise<string> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return typeof address === "object" ? String(address?.port) : "";
}

beforeAll(async () => {
  if (!existsSync(join(ROOT, "packages/cli/dist/main.js")))
    throw new Error("System tests run what is built: run `npm run build` first.");
  const [port, gatewayPort] = [await freePort(), await freePort()];
  const place = ["--dir", dir, "--root", join(folder, "work"), "--idle", "3s"];
  example = spawn(
    process.execPath,
    [START, "--port", port, "--gateway-port", gatewayPort, ...place],
    { stdio: ["ignore", "pipe", "pipe"] },
  );
  for (const stream of [example.stdout, example.stderr])
    stream?.setEncoding("utf8").on("data", (text: string) => (output += text));
  await vi.waitUntil(
    () => ["Gateway http", "login?token="].every((one) => output.includes(one)),
    TIMEOUT,
  );
  url = `http://127.0.0.1:${port}`;
  const token = await signToken(readFileSync(join(dir, "secret"), "utf8").trim(), {
    subject: "ada",
    session: "*",
    role: "admin",
    expiresInSeconds: 600,
  });
  headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
});

afterAll(async () => {
  const exited = once(example, "exit");
  example.kill("SIGTERM");
  await exited;
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
});

async function call<T = Readonly<Record<string, unknown>>>(path: string, body?: unknown) {
  const init = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
  const response = await fetch(`${url}/v1/sessions${path}`, { headers, ...init });
  return (await response.json()) as T;
}

test("an agent comes when somebody writes, asks before it edits, leaves, and comes back", async () => {
  await call("", { id: "s1" });
  await call("/s1/messages", { id: "p1", text: "edit the notes tokens=3 rate=0" });
  const approval = await vi.waitFor(async () => {
    const { approvals } = await call<{
      approvals: { approval: string; options: { id: string }[] }[];
    }>("/s1/approvals?state=pending");
    expect(approvals).toHaveLength(1);
    return approvals[0];
  }, TIMEOUT);
  await call(`/s1/approvals/${approval?.approval}`, { option: approval?.options[0]?.id });
  await vi.waitFor(() => expect(existsSync(join(folder, "work/notes.md"))).toBe(true), TIMEOUT);
  await vi.waitFor(
    async () => expect(await call("/s1")).toMatchObject({ status: "idle", runner: null }),
    TIMEOUT,
  );
  await call("/s1/messages", { id: "p2", text: "again tokens=3 rate=0" });
  await vi.waitFor(
    async () => expect(await call("/s1")).toMatchObject({ status: "idle", turns: [] }),
    TIMEOUT,
  );
  const { events } = await call<{ events: { type: string; restored?: string }[] }>(
    "/s1/events?after=0",
  );
  expect(events.flatMap(({ restored }) => restored ?? [])).toEqual(["new", "resumed"]);
});
