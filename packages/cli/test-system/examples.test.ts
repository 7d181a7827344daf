import { execFile } from "node:child_process";
import { existsSync, globSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { ROOT } from "./support/program.ts";
import { WranglerDev } from "./support/wrangler-dev.ts";

const EXAMPLES = globSync("examples/*/wrangler.jsonc", { cwd: ROOT }).map(
  (path) => path.split("/")[1] ?? "",
);

let storage = "";

beforeAll(async () => {
  storage = await mkdtemp(join(tmpdir(), "perdure-examples-"));
  // Nothing is fetched from the network, and nothing told.
  vi.stubEnv("X_LOCAL_OBSERVABILITY", "false");
  vi.stubEnv("WRANGLER_SEND_METRICS", "false");
  vi.stubEnv("CLOUDFLARE_CF_FETCH_ENABLED", "false");
  vi.stubEnv("PATH", `${join(ROOT, "node_modules/.bin")}:${process.env["PATH"]}`);
});

afterAll(async () => {
  await rm(storage, { recursive: true, force: true });
  vi.unstubAllEnvs();
});

/** Runs a command in a folder; what it said where it failed, else nothing. */
const failureOf = (folder: string, command: string, ...parameters: readonly string[]) =>
  promisify(execFile)(command, parameters, { cwd: folder }).then(
    () => "",
    (error: Error & { stdout?: string; stderr?: string }) =>
      `${error.message}${error.stdout}${error.stderr}`,
  );

test("the examples are found", () => {
  expect(EXAMPLES).toContain("chat");
  expect(EXAMPLES).toContain("cloudflare");
  expect(EXAMPLES).toContain("hono-sessions");
});

describe.each(EXAMPLES)("the example %s", (name) => {
  const folder = join(ROOT, "examples", name);

  test("starts under wrangler dev, answers, and nothing is warned of", async () => {
    const server = await WranglerDev.start(folder, join(storage, name));
    try {
      const response = await fetch(server.url);
      expect(response.status).toBeLessThan(500);
      expect(server.complaints).toEqual([]);
    } finally {
      await server.stop();
    }
  });

  test("has its bindings' types from wrangler types, and they are up to date and compile", async () => {
    const { scripts } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as {
      readonly scripts: Readonly<Record<string, string>>;
    };
    expect(scripts["types"]).toMatch(/^wrangler types\b/);
    expect(existsSync(join(folder, "src/env.d.ts"))).toBe(false);
    expect(await failureOf(folder, "npm", "run", "types", "--", "--check")).toBe("");
    // Against what is built. An import of the written file that leads nowhere would make every binding `any`.
    const asPublished = ["--customConditions", "published", "--skipLibCheck", "false"];
    const said = await failureOf(folder, "tsc", "--singleThreaded", "-p", ".", ...asPublished);
    // What other packages publish is not for this test.
    const errors = said
      .split("\n")
      .filter((line) => /^(?!.*\bnode_modules\/).*error TS/.test(line));
    expect(errors).toEqual([]);
  });
});
