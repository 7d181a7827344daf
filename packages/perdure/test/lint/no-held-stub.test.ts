import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";

const PLUGIN = join(import.meta.dirname, "../../src/lint/index.ts");

let folder = "";

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "perdure-lint-"));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Lines of the code, from 1, that the rule reports. */
async function reportedIn(code: string): Promise<readonly number[]> {
  const config = {
    plugins: [],
    categories: { correctness: "off" },
    jsPlugins: [PLUGIN],
    rules: { "perdure/no-held-stub": "error" },
  };
  writeFileSync(join(folder, ".oxlintrc.json"), JSON.stringify(config));
  writeFileSync(join(folder, "code.ts"), code);
  const oxlint = join(import.meta.dirname, "../../../../node_modules/.bin/oxlint");
  const { stdout } = await promisify(execFile)(oxlint, ["--format", "json", "code.ts"], {
    cwd: folder,
  }).catch((error: Error & { stdout: string }) => error);
  const { diagnostics } = JSON.parse(stdout) as {
    readonly diagnostics: readonly {
      readonly code: string;
      readonly labels: readonly { readonly span: { readonly line: number } }[];
    }[];
  };
  expect(diagnostics.filter(({ code }) => !code.includes("no-held-stub"))).toEqual([]);
  return diagnostics.map(({ labels }) => labels[0]?.span.line ?? 0).toSorted((a, b) => a - b);
}

test("a stub that is kept in the module, in a field or in a collection is reported", async () => {
  const code = [
    `import { env } from "cloudflare:workers";`,
    `const one = env.SESSION_DO.getByName("abc");`,
    `let two;`,
    `export const stubs = new Map();`,
    `const state = {};`,
    `export class Room {`,
    `  peer = env.SESSION_DO.get(env.SESSION_DO.idFromName("abc"));`,
    `  #late;`,
    `  meet(name) {`,
    `    this.#late = env.SESSION_DO.getByName(name);`,
    `    this.peers.push(env.SESSION_DO.getByName(name));`,
    `    state.stub = env.SESSION_DO.getByName(name);`,
    `  }`,
    `}`,
    `export default {`,
    `  async fetch(request, env) {`,
    `    two ??= env.SESSION_DO.getByName("abc");`,
    `    stubs.set("abc", env.SESSION_DO.getByName("abc"));`,
    `    return two.fetch(request);`,
    `  },`,
    `};`,
  ];
  expect(await reportedIn(code.join("\n"))).toEqual([2, 7, 10, 11, 12, 17, 18]);
});

test("a stub that is got where it is used is not", async () => {
  const code = [
    `const names = new Map();`,
    `export default {`,
    `  async fetch(request, env) {`,
    `    const session = env.SESSION_DO.getByName("abc");`,
    `    const here = new Map();`,
    `    here.set("abc", env.SESSION_DO.getByName("abc"));`,
    `    const other = env.SESSION_DO.get(env.SESSION_DO.idFromName("abc"));`,
    `    names.set("abc", names.get("abc"));`,
    `    await env.SESSION_DO.getByName("abc").describe();`,
    `    return session.fetch(request, await other.describe());`,
    `  },`,
    `};`,
    `export const stubOf = (env, name) => env.SESSION_DO.getByName(name);`,
  ];
  expect(await reportedIn(code.join("\n"))).toEqual([]);
});
