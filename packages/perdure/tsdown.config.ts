import { defineConfig, type UserConfig } from "tsdown";

/**
 * One output file for each source file: the rooms stay apart in `dist` as in `src`, and a class such as an error exists
 * once, whichever subpath it is imported from.
 */
const shared: UserConfig = {
  root: "src",
  outDir: "dist",
  format: "esm",
  platform: "neutral",
  target: "es2024",
  unbundle: true,
  fixedExtension: false,
  sourcemap: true,
  clean: false,
  deps: { neverBundle: true },
  logLevel: "warn",
};

const rooms = ["protocol", "object", "log", "session", "auth", "http", "dialects"];

export default defineConfig([
  {
    ...shared,
    entry: rooms.map((room) => `src/${room}/index.ts`),
    dts: { sourcemap: true },
    tsconfig: "tsconfig.json",
  },
  {
    ...shared,
    entry: ["src/client/index.ts"],
    dts: { sourcemap: true },
    tsconfig: "src/client/tsconfig.json",
  },
]);
