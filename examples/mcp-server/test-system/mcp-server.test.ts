import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { WranglerDev } from "../../../packages/cli/test-system/support/wrangler-dev.ts";

const EXAMPLE = join(import.meta.dirname, "..");
const ROOT = join(EXAMPLE, "../..");

const run = promisify(execFile);

let storage = "";
let server: WranglerDev;

beforeAll(async () => {
  if (!existsSync(join(ROOT, "packages/perdure/dist/mcp/index.js")))
    throw new Error("System tests run what is built: run `npm run build` first.");
  vi.stubEnv("X_LOCAL_OBSERVABILITY", "false");
  vi.stubEnv("WRANGLER_SEND_METRICS", "false");
  vi.stubEnv("CLOUDFLARE_CF_FETCH_ENABLED", "false");
  vi.stubEnv("PATH", `${join(ROOT, "node_modules/.bin")}:${process.env["PATH"]}`);
  storage = await mkdtemp(join(tmpdir(), "perdure-mcp-server-"));
  server = await WranglerDev.start(EXAMPLE, storage);
});

afterAll(async () => {
  await server?.stop();
  await rm(storage, { recursive: true, force: true });
  vi.unstubAllEnvs();
});

test("the tour goes through all of it, and nothing is warned of", async () => {
  const url = new URL("/mcp", server.url).href;
  const { stdout } = await run("node", ["tour.ts", url], { cwd: EXAMPLE });
  expect(stdout.trim().split("\n")).toEqual([
    "tools: water, plant, rake, advise",
    "plant: There are beans in the south bed now.",
    "the neighbour hears of garden://bed/south",
    "the user is asked: There are beans in the south bed. Dig them up for peas?",
    "plant: There are peas in the south bed now.",
    "water: The moisture of the south bed is 7 of 10.",
    "progress: Row 1 of 3",
    "progress: Row 2 of 3",
    "progress: Row 3 of 3",
    "log: Raked the whole south bed.",
    "rake: The south bed is raked.",
    "the model is asked",
    "advise: Some water.",
    'garden://bed/south: {"name":"south","plant":"peas","moisture":7}',
    "completed: south",
    "prompt: Read garden://bed/south, then plan what to grow in the south bed this spring.",
  ]);
  expect(server.complaints).toEqual([]);
});

test("what the garden has outlives the Worker's process", async () => {
  const { port } = new URL(server.url);
  await server.stop();
  server = await WranglerDev.start(EXAMPLE, storage, Number(port));
  const { stdout } = await run("node", ["tour.ts", new URL("/mcp", server.url).href], {
    cwd: EXAMPLE,
  });
  expect(stdout).toContain("There are peas in the south bed. Dig them up for beans?");
});

test("the Worker builds for a deploy", async () => {
  const { stdout } = await run("wrangler", ["deploy", "--dry-run"], { cwd: EXAMPLE });
  expect(stdout).toContain("env.TMCP_DURABLE_OBJECT (SyncLayer)");
  expect(stdout).toContain("env.GARDEN (Garden)");
});
