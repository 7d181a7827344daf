import { cp, rm } from "node:fs/promises";
import { defineConfig, type UserConfig } from "tsdown";

const shared: UserConfig = {
  outDir: "dist",
  format: "esm",
  fixedExtension: false,
  sourcemap: true,
  dts: false,
  logLevel: "warn",
};

export default defineConfig([
  {
    ...shared,
    entry: { main: "src/main.ts" },
    platform: "node",
    target: "node22.12",
    deps: { onlyBundle: [] },
    hooks: {
      "build:done": async () => {
        await rm("dist/console", { recursive: true, force: true });
        await cp("../../apps/console/dist", "dist/console", { recursive: true });
      },
    },
  },
  {
    // workerd loads one file and resolves nothing, so everything but the platform's own modules is inside it.
    ...shared,
    entry: { worker: "src/worker.ts" },
    tsconfig: "tsconfig.worker.json",
    platform: "neutral",
    target: "es2024",
    deps: { alwaysBundle: /^(?!cloudflare:|node:)/, neverBundle: /^(cloudflare|node):/ },
    inputOptions: {
      resolve: {
        conditionNames: ["perdure-source", "workerd", "worker", "import", "module", "default"],
        mainFields: ["module", "main"],
      },
    },
    outputOptions: { codeSplitting: false },
  },
]);
