import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("../../..", import.meta.url));

/** What a Worker with `SessionDO` may weigh, gzipped (DESIGN §9). */
const MAX_SESSION_BYTES = 60 * 1024;

/** What the whole app may weigh: sessions, lists with the engine of shards, every route with Hono, tokens with jose, login, and the console's door. */
const MAX_APP_BYTES = 96 * 1024;

/** Has Wrangler bundle the Worker of a folder as for a deploy; answers what it printed, and the one script's gzipped size. */
async function bundle(folder: string): Promise<{ readonly output: string; readonly size: number }> {
  const target = await mkdtemp(join(tmpdir(), "perdure-deploy-"));
  try {
    const { stdout } = await promisify(execFile)(
      join(root, "node_modules/.bin/wrangler"),
      ["deploy", "--dry-run", "--outdir", target],
      {
        cwd: join(root, folder),
        env: {
          ...process.env,
          PATH: `${join(root, "node_modules/.bin")}:${process.env["PATH"]}`,
          WRANGLER_SEND_METRICS: "false",
          CI: "true",
        },
      },
    );
    const scripts = (await readdir(target)).filter((name) => name.endsWith(".js"));
    expect(scripts).toEqual(["index.js"]);
    const script = await readFile(join(target, "index.js"));
    const size = gzipSync(script).length;
    console.log(`${folder}: ${script.length} bytes, ${size} gzipped.`);
    return { output: stdout, size };
  } finally {
    await rm(target, { recursive: true, force: true });
  }
}

test("a Worker with SessionDO has at most 60 KB gzipped", async () => {
  const { size } = await bundle("packages/cli/test-system/smallest-worker");
  expect(size).toBeLessThanOrEqual(MAX_SESSION_BYTES);
});

test("the same three lines of configuration do in wrangler.toml", async () => {
  const { output } = await bundle("packages/cli/test-system/smallest-worker/toml");
  expect(output).toContain("env.SESSION_DO (SessionDO)");
});

test("the example for Cloudflare, which has everything, builds for a deploy in at most 96 KB gzipped", async () => {
  const { output, size } = await bundle("examples/cloudflare");
  expect(output).toContain("env.SESSION_DO (SessionDO)");
  expect(output).toContain("env.SESSION_INDEX (SessionIndexDO)");
  expect(output).toContain("env.LOGINS (LoginDO)");
  expect(size).toBeLessThanOrEqual(MAX_APP_BYTES);
});
