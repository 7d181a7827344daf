import { fileURLToPath } from "node:url";
import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";

/** "perdure/<room>" means the source in unit and workers tests; system tests run what `npm run build` made. */
const source = ["perdure-source"];

/** What a busy machine would change: rows at a real pace, a process's end in two seconds, and the file descriptors of a crowd. */
const countedAlone = ["active-sessions", "load", "open-files", "rows", "runner-fenced"].map(
  (name) => `packages/cli/test-system/chaos/${name}.test.ts`,
);

/** A room's index also exports its Durable Object class; in Node only the classes below it run. */
const inNode = {
  "cloudflare:workers": fileURLToPath(
    new URL("packages/perdure/test/support/cloudflare-workers.ts", import.meta.url),
  ),
};

export default defineConfig({
  test: {
    projects: [
      {
        resolve: {
          conditions: [...source, "module", "node", "development|production"],
          alias: inNode,
        },
        ssr: { resolve: { conditions: [...source, "module", "node", "development|production"] } },
        test: {
          name: "unit",
          environment: "node",
          // No test here leaves anything behind in its process: a third of the time is saved.
          isolate: false,
          // Some start a process, and the machine may be busy: this only ends what hangs.
          testTimeout: 60_000,
          include: [
            "packages/*/test/**/*.test.ts",
            "apps/*/test/**/*.test.ts",
            "scripts/**/*.test.ts",
          ],
        },
      },
      {
        plugins: [
          cloudflareTest({
            wrangler: { configPath: "./packages/perdure/test-workers/wrangler.jsonc" },
          }),
        ],
        resolve: { conditions: source },
        ssr: { resolve: { conditions: source } },
        test: {
          name: "workers",
          include: ["packages/perdure/test-workers/**/*.test.ts"],
          // One runtime for all files saves most of the time: each names its objects as no other does.
          isolate: false,
          // The first test of a file also loads every object that the tests' Worker exports.
          testTimeout: 30_000,
        },
      },
      {
        resolve: { alias: inNode },
        test: {
          name: "system",
          environment: "node",
          include: [
            "packages/*/test-system/**/*.test.ts",
            "apps/*/test-system/**/*.test.ts",
            "examples/*/test-system/**/*.test.ts",
          ],
          exclude: countedAlone,
          globalSetup: "scripts/unpack-chromium.ts",
          // Mostly they wait.
          maxWorkers: 3,
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: "system-alone",
          environment: "node",
          include: countedAlone,
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: "simulation",
          environment: "node",
          include: ["simulation/test/**/*.test.ts"],
          fileParallelism: false,
          // Each is a process of its own, and the machine of CI has two cores.
          maxConcurrency: 2,
          // Other tests run beside these: this only ends what hangs.
          testTimeout: 1_300_000,
        },
      },
      {
        test: {
          name: "chaos",
          environment: "node",
          include: ["packages/*/test-chaos/**/*.test.ts"],
          fileParallelism: false,
          testTimeout: 900_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
