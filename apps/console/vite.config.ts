import react from "@vitejs/plugin-react";
import { fileURLToPath } from "node:url";
import { defaultClientConditions, defineConfig } from "vite";

/** Where `perdure serve` listens unless it is told otherwise. */
const server = "127.0.0.1:8787";

export default defineConfig({
  plugins: [react()],
  resolve: {
    // The library comes from its source, so that the page needs no build of it.
    conditions: ["perdure-source", ...defaultClientConditions],
    alias: {
      // Streamdown imports an HTML parser, a fifth of the whole page. HTML in messages is shown as text, so nothing calls it.
      "rehype-raw": fileURLToPath(new URL("src/transcript/no-raw-html.ts", import.meta.url)),
    },
  },
  build: {
    target: "es2023",
    // A Content-Security-Policy of `default-src 'self'` refuses data: URLs.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: {
    // Cookies ignore ports, so the login of the server at this address holds here, too.
    host: "127.0.0.1",
    proxy: {
      // The server checks Host and Origin: both must name it, not this one.
      "/v1": {
        target: `http://${server}`,
        ws: true,
        changeOrigin: true,
        headers: { origin: `http://${server}` },
      },
    },
  },
});
