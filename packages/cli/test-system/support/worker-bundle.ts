import { join } from "node:path";
import { build } from "tsdown";

/**
 * Bundles a test's Worker as the build does the product's, from source.
 *
 * @param name The file beside this one, without its ending.
 * @param folder Where to put it, such as a scene's.
 * @returns The path for `perdure serve --worker`.
 */
export async function bundleWorker(name: string, folder: string): Promise<string> {
  await build({
    config: false,
    entry: { [name]: join(import.meta.dirname, `${name}.ts`) },
    outDir: folder,
    format: "esm",
    fixedExtension: false,
    clean: false,
    dts: false,
    logLevel: "error",
    platform: "neutral",
    target: "es2024",
    tsconfig: join(import.meta.dirname, "../../tsconfig.worker.json"),
    deps: { alwaysBundle: /^(?!cloudflare:|node:)/, neverBundle: /^(cloudflare|node):/ },
    inputOptions: {
      resolve: {
        conditionNames: ["perdure-source", "workerd", "worker", "import", "module", "default"],
        mainFields: ["module", "main"],
      },
    },
    outputOptions: { codeSplitting: false },
  });
  return join(folder, `${name}.js`);
}
