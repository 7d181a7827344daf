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
  // A constant that is copied into a file leaves an import of nothing behind, of which bundlers warn.
  inputOptions: { optimization: { inlineConst: false } },
  fixedExtension: false,
  sourcemap: true,
  dts: { sourcemap: true },
  deps: { neverBundle: [/^cloudflare:/, "node:async_hooks"], onlyBundle: [] },
  logLevel: "warn",
  // The directive is the first line of its own file in `dist`, too.
  suppressWarnings: /TypeScript 7\.0 does not yet have a stable API|"use client"/,
};

const workerRooms = [
  "protocol",
  "object",
  "log",
  "session",
  "shard",
  "connection",
  "mcp",
  "auth",
  "do",
  "http",
  "dialects",
  "testing",
  "lint",
];

export default defineConfig([
  {
    ...shared,
    entry: [
      ...workerRooms.map((room) => `src/${room}/index.ts`),
      "src/auth/tokens.ts",
      "src/mcp/sdk/index.ts",
    ],
    tsconfig: "tsconfig.json",
  },
  {
    ...shared,
    // A build keeps of each file what its own entries export. Both builds write the protocol, so both keep all of it.
    entry: [
      "src/client/index.ts",
      "src/client/list/index.ts",
      "src/protocol/index.ts",
      "src/react/index.ts",
    ],
    tsconfig: "tsconfig.client.json",
  },
]);
