import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const example = join(root, "examples/cloudflare");

/** What one script of a Worker with `SessionDO` may weigh. */
const MAX_GZIPPED_BYTES = 60 * 1024;

/** Runs the example's own test, and has Wrangler keep what it would upload. */
async function dryRun(outputFolder: string): Promise<string> {
  const { stdout } = await promisify(execFile)("npm", ["test", "--", "--outdir", outputFolder], {
    cwd: example,
    env: {
      ...process.env,
      PATH: `${join(root, "node_modules/.bin")}:${process.env["PATH"]}`,
      WRANGLER_SEND_METRICS: "false",
      CI: "true",
    },
  });
  return stdout;
}

test("the example for Cloudflare builds for a deploy, with SessionDO in at most 60 KB gzipped", async () => {
  const outputFolder = await mkdtemp(join(tmpdir(), "perdure-deploy-"));
  try {
    const output = await dryRun(outputFolder);
    expect(output).toContain("env.SESSION_DO (SessionDO)");
    expect(output).toContain("env.SESSION_INDEX (SessionIndexDO)");
    const scripts = (await readdir(outputFolder)).filter((name) => name.endsWith(".js"));
    expect(scripts).toEqual(["index.js"]);
    const script = await readFile(join(outputFolder, "index.js"));
    const gzipped = gzipSync(script).length;
    console.log(`A Worker with SessionDO: ${script.length} bytes, ${gzipped} gzipped.`);
    expect(gzipped).toBeLessThanOrEqual(MAX_GZIPPED_BYTES);
  } finally {
    await rm(outputFolder, { recursive: true, force: true });
  }
});
