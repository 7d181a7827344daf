/** A Worker of the document's snippets, each at a path of its own. */

import { connectionRoutes } from "../../../src/connection/index.ts";
import { basic } from "./basic.ts";
import { storage } from "./storage.ts";
import { deep, lenient, shallow, strict } from "./tracking.ts";

export { Basic } from "./basic.ts";
export { Storage } from "./storage.ts";
export { Deep, Lenient, Shallow, Strict } from "./tracking.ts";

const snippets = {
  "/ws": connectionRoutes(basic),
  "/shallow": connectionRoutes(shallow),
  "/deep": connectionRoutes(deep),
  "/lenient": connectionRoutes(lenient),
  "/strict": connectionRoutes(strict),
  "/storage": connectionRoutes(storage),
};

export default {
  fetch: (request, env) =>
    Object.entries(snippets).find(([path]) => path === new URL(request.url).pathname)?.[1](
      request,
      env,
    ) ?? new Response("Nothing is here.", { status: 404 }),
} satisfies ExportedHandler<object>;
