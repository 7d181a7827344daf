import { basename, dirname, join, resolve } from "node:path";
import { gzipSync } from "node:zlib";
import type { Plugin } from "vite";
import { build } from "vite";

/** A module that is only here. */
const WORKER = "virtual:worker";

/** How the rooms of the library import each other. */
const ROOM = /^\.\.\/[\w-]+\/index\.ts$/;

/**
 * The bytes, gzipped, that a Worker grows by because it uses a part of the library: those of the part with all that it imports, less
 * those of what it imports of other rooms, each bundled and minified.
 *
 * @param entry The `index.ts` of the part.
 * @param names What the Worker uses of it.
 */
export async function addedBytes(
  entry: string,
  names: readonly string[],
): Promise<{ added: number; whole: number; below: number }> {
  const use = `export { ${names.join(", ")} } from ${JSON.stringify(entry)};`;
  const whole = gzipped(await bundle(use));
  const below = gzipped(await bundle(importsOf(await bundle(use, dirname(entry)), dirname(entry))));
  return { added: whole - below, whole, below };
}

/** The text of a module that exports what a bundle imports of other rooms. */
function importsOf(code: string, room: string): string {
  return [...code.matchAll(/import\s*\{([^}]*)\}\s*from\s*["']([^"']*)\/index\.ts["']/g)]
    .map(([, names = "", path = ""]) => {
      const imported = names.split(",").map((one) => one.split(" as ")[0]);
      const index = join(dirname(room), basename(path), "index.ts");
      return `export { ${imported.join(", ")} } from ${JSON.stringify(index)};`;
    })
    .join("\n");
}

/** @param alone A room whose imports of others are left out. */
async function bundle(text: string, alone?: string): Promise<string> {
  const plugin: Plugin = {
    name: "worker",
    enforce: "pre",
    resolveId(id, importer) {
      if (id === WORKER) return id;
      const isOther = alone !== undefined && ROOM.test(id) && importer?.startsWith(`${alone}/`);
      // A room's own folders import it by the same way.
      const path = resolve(dirname(importer ?? ""), id);
      return isOther && !path.startsWith(`${alone}/`) ? { id: path, external: true } : undefined;
    },
    load: (id) => (id === WORKER ? text : undefined),
  };
  const result = await build({
    configFile: false,
    logLevel: "silent",
    plugins: [plugin],
    resolve: { conditions: ["perdure-source", "module"] },
    build: {
      write: false,
      target: "es2024",
      modulePreload: false,
      rolldownOptions: {
        input: WORKER,
        external: [/^cloudflare:/, /^node:/],
        preserveEntrySignatures: "strict",
      },
    },
  });
  const output = Array.isArray(result) ? result : [result];
  return output
    .flatMap((one) => ("output" in one ? one.output : []))
    .map((chunk) => (chunk.type === "chunk" ? chunk.code : ""))
    .join("");
}

const gzipped = (code: string): number => gzipSync(code, { level: 9 }).length;
