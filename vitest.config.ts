import { fileURLToPath } from "node:url";
import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";

/** "perdure/<room>" means the source in unit and workers tests; system tests run what `npm run build` made. */
const source = ["perdure-source"];

export default defineConfig({
  test: {
    projects: [
      {
        resolve: {
          conditions: [...source, "module", "node", "development|production"],
          // A room's index also exports its Durable Object class; in Node only the classes below it run.
          alias: {
            "cloudflare:workers": fileURLToPath(
              new URL("packages/perdure/test/support/cloudflare-workers.ts", import.meta.url),
            ),
          },
        },
        ssr: { resolve: { conditions: [...source, "module", "node", "development|production"] } },
        test: {
          name: "unit",
          environment: "node",
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
        test: { name: "workers", include: ["packages/perdure/test-workers/**/*.test.ts"] },
      },
      {
        test: {
          name: "system",
          environment: "node",
          include: [
            "packages/*/test-system/**/*.test.ts",
            "apps/*/test-system/**/*.test.ts",
            "examples/*/test-system/**/*.test.ts",
          ],
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
          testTimeout: 600_000,
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
