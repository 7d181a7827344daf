/**
 * Lets Node load the product's source: the platform's module is the simulation's own, and a file that a rule is taken away
 * from (`--mutate`) is loaded without it.
 */
import { registerHooks } from "node:module";
import { MUTATIONS, mutate } from "./mutations/index.ts";

const root = new URL("../", import.meta.url);
const platform = new URL("platform/cloudflare-workers.ts", import.meta.url).href;

const option = process.argv.indexOf("--mutate");
const id = option === -1 ? undefined : process.argv[option + 1];
const mutation = MUTATIONS.find((one) => one.id === id);
if (option !== -1 && mutation === undefined) {
  console.error(
    `There is no mutation ${id}. There are: ${MUTATIONS.map((one) => one.id).join(", ")}.`,
  );
  process.exit(2);
}
const mutated = mutation === undefined ? undefined : new URL(mutation.file, root).href;

registerHooks({
  resolve: (specifier, context, next) =>
    specifier === "cloudflare:workers"
      ? { url: platform, shortCircuit: true }
      : next(specifier, context),
  load(url, context, next) {
    const loaded = next(url, context);
    if (url !== mutated || mutation === undefined) return loaded;
    const source = new TextDecoder().decode(/** @type {Uint8Array} */ (loaded.source));
    return { ...loaded, source: mutate(mutation, source) };
  },
});
