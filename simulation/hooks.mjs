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
const pieces = [mutation, mutation?.also].filter((piece) => piece !== undefined);
const mutated = new Map(pieces.map((piece) => [new URL(piece.file, root).href, piece]));

registerHooks({
  resolve: (specifier, context, next) =>
    specifier === "cloudflare:workers"
      ? { url: platform, shortCircuit: true }
      : next(specifier, context),
  load(url, context, next) {
    const loaded = next(url, context);
    const piece = mutated.get(url);
    if (piece === undefined) return loaded;
    const source = new TextDecoder().decode(/** @type {Uint8Array} */ (loaded.source));
    return { ...loaded, source: mutate(piece, source) };
  },
});
