import { gzipSync } from "node:zlib";
import { build } from "vite";

/** A module that is only here. */
const PAGE = "virtual:page";

/**
 * What is loaded for a module and all that it imports, React and the platform aside: its code and the bytes of it, gzipped.
 *
 * @param names What is used of the module. Default: all of it.
 */
export async function bundleOf(
  entry: string,
  names: readonly string[] = ["*"],
): Promise<{ code: string; bytes: number }> {
  const used = names.includes("*") ? "*" : `{ ${names.join(", ")} }`;
  const result = await build({
    configFile: false,
    logLevel: "silent",
    plugins: [
      {
        name: "page",
        resolveId: (id) => (id === PAGE ? id : undefined),
        load: (id) => (id === PAGE ? `export ${used} from ${JSON.stringify(entry)};` : undefined),
      },
    ],
    resolve: { conditions: ["perdure-source", "module", "browser"] },
    build: {
      write: false,
      target: "es2022",
      modulePreload: false,
      rolldownOptions: {
        input: PAGE,
        external: ["react", /^cloudflare:/],
        preserveEntrySignatures: "strict",
      },
    },
  });
  const output = Array.isArray(result) ? result : [result];
  const code = output
    .flatMap((one) => ("output" in one ? one.output : []))
    .map((chunk) => (chunk.type === "chunk" ? chunk.code : ""))
    .join("");
  return { code, bytes: gzipSync(code, { level: 9 }).length };
}
