import { gzipSync } from "node:zlib";
import { build } from "vite";

/** What a page loads for a module and all that it imports, React aside: its code and the bytes of it, gzipped. */
export async function bundleOf(entry: string): Promise<{ code: string; bytes: number }> {
  const result = await build({
    configFile: false,
    logLevel: "silent",
    resolve: { conditions: ["perdure-source", "module", "browser"] },
    build: {
      write: false,
      target: "es2022",
      modulePreload: false,
      rolldownOptions: { input: entry, external: ["react"], preserveEntrySignatures: "strict" },
    },
  });
  const output = Array.isArray(result) ? result : [result];
  const code = output
    .flatMap((one) => ("output" in one ? one.output : []))
    .map((chunk) => (chunk.type === "chunk" ? chunk.code : ""))
    .join("");
  return { code, bytes: gzipSync(code, { level: 9 }).length };
}
