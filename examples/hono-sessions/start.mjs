// Starts the Worker, goes through what it can do, and ends. `npm run dev` goes on.
import { createTestHarness } from "wrangler";
import { tour } from "./tour.ts";

// It needs no network.
process.env.CLOUDFLARE_CF_FETCH_ENABLED = "false";

const server = createTestHarness({
  root: import.meta.dirname,
  workers: [{ configPath: "wrangler.jsonc" }],
});
try {
  const { url } = await server.listen();
  await tour(url.href, (line) => console.log(line));
} finally {
  await server.close();
}
