import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "vite";
import { expect, test } from "vitest";

const BUDGET_BYTES = 10 * 1024;

test("a page loads at most 10 KiB for the client, with the wire and the socket library, gzipped", async () => {
  const entry = fileURLToPath(new URL("../../src/client/index.ts", import.meta.url));
  const result = await build({
    configFile: false,
    logLevel: "silent",
    resolve: { conditions: ["perdure-source", "module", "browser"] },
    build: {
      write: false,
      target: "es2022",
      modulePreload: false,
      rolldownOptions: { input: entry, preserveEntrySignatures: "strict" },
    },
  });
  const output = Array.isArray(result) ? result : [result];
  const code = output
    .flatMap((one) => ("output" in one ? one.output : []))
    .map((chunk) => (chunk.type === "chunk" ? chunk.code : ""))
    .join("");
  expect(code).toContain("perdure.token.");
  expect(gzipSync(code, { level: 9 }).length).toBeLessThanOrEqual(BUDGET_BYTES);
});
