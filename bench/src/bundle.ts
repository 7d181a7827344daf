/** Bundles for workerd and for weighing: one module each, with what the platform brings left out. */

import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { InputOptions } from "rolldown";
import { rolldown } from "rolldown";

/** `agents` imports this for its mail features; workerd on one's own machine does not have it. */
const STUBS: Readonly<Record<string, string>> = {
  "cloudflare:email": "export class EmailMessage {}",
};

const STUB_PREFIX = "\0stub:";

/** What a bundle is for: a Worker, or a browser. */
export type Target = "worker" | "browser";

/** What to bundle: a file that is to run and to be read, or a module's text that is to be weighed and thus minified. */
export type Entry = { readonly path: string } | { readonly text: string };

/** Bundles one entry. */
export async function bundle(entry: Entry, target: Target): Promise<string> {
  const build = await rolldown({
    input: "path" in entry ? entry.path : ENTRY,
    ...options(target, "text" in entry ? entry.text : undefined),
  });
  try {
    const { output } = await build.generate({
      format: "esm",
      minify: "text" in entry,
      codeSplitting: false,
    });
    return output[0].code;
  } finally {
    await build.close();
  }
}

/** Bytes after gzip at its best. */
export function gzippedBytes(code: string): number {
  return gzipSync(code, { level: 9 }).length;
}

const ENTRY = "bench-entry";

function options(target: Target, text: string | undefined): InputOptions {
  return {
    cwd: join(import.meta.dirname, ".."),
    platform: target === "worker" ? "neutral" : "browser",
    external: (id: string) =>
      target === "worker" && STUBS[id] === undefined && /^(?:cloudflare|node):/.test(id),
    resolve: {
      conditionNames:
        target === "worker"
          ? // The conditions that Wrangler uses.
            ["workerd", "worker", "browser", "import", "module", "default"]
          : ["browser", "import", "module", "default"],
      mainFields: ["module", "main"],
    },
    transform: { target: "es2024", define: { "process.env.NODE_ENV": '"production"' } },
    onLog: () => {},
    plugins: [
      {
        name: "stubs",
        resolveId: (id) => {
          if (id === ENTRY) return join(import.meta.dirname, `${ENTRY}.ts`);
          return STUBS[id] === undefined ? null : STUB_PREFIX + id;
        },
        load: (id) => {
          if (text !== undefined && id.endsWith(`${ENTRY}.ts`)) return text;
          return id.startsWith(STUB_PREFIX) ? (STUBS[id.slice(STUB_PREFIX.length)] ?? null) : null;
        },
      },
    ],
  };
}
