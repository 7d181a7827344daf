/** The console's files. Whatever serves them, the headers are these. */

import type { AppContext, AssetServer } from "./options.ts";
import { notFound } from "./methods.ts";

/** Types of the files that a build makes; workerd's disk service does not tell them apart. */
const CONTENT_TYPES: Readonly<Record<string, string>> = {
  css: "text/css; charset=utf-8",
  html: "text/html; charset=utf-8",
  ico: "image/x-icon",
  js: "text/javascript; charset=utf-8",
  json: "application/json",
  map: "application/json",
  png: "image/png",
  svg: "image/svg+xml",
  txt: "text/plain; charset=utf-8",
  wasm: "application/wasm",
  webmanifest: "application/manifest+json",
  webp: "image/webp",
  woff2: "font/woff2",
};

const KEPT_HEADERS = ["content-length", "etag", "last-modified"];

/** Serves one file; a path without a file name is a page of the application, and they are all `/index.html`. */
export async function serveAsset<Env>(c: AppContext<Env>, assets: AssetServer): Promise<Response> {
  const url = new URL(c.req.url);
  const [, extension] = /\.([a-z0-9]+)$/i.exec(url.pathname) ?? [];
  const path = extension === undefined ? "/index.html" : url.pathname;
  const { method } = c.req;
  if (method !== "GET" && method !== "HEAD") notFound();
  const file = await assets.fetch(new Request(new URL(path, url), { method }));
  if (!file.ok) {
    await file.body?.cancel();
    notFound();
  }
  const headers = new Headers(securityHeaders(url));
  for (const name of KEPT_HEADERS) {
    const value = file.headers.get(name);
    if (value !== null) headers.set(name, value);
  }
  const type = CONTENT_TYPES[extension?.toLowerCase() ?? "html"] ?? "application/octet-stream";
  headers.set("content-type", type);
  headers.set("cache-control", cachingOf(path));
  return new Response(file.body, { status: 200, headers });
}

/** Names below `/assets/` hold a digest of their contents. */
function cachingOf(path: string): string {
  return path.startsWith("/assets/") ? "public, max-age=31536000, immutable" : "no-cache";
}

/** What a page of the console may do: run its own code and talk to its own server, in no other page's frame. */
function securityHeaders({ protocol, host }: URL): Record<string, string> {
  const socket = protocol === "https:" ? "wss:" : "ws:";
  const policy = [
    "default-src 'none'",
    "script-src 'self'",
    // Libraries for text and icons set style attributes.
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data: blob:",
    "font-src 'self' data:",
    `connect-src 'self' ${socket}//${host}`,
    "manifest-src 'self'",
    "worker-src 'self'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ];
  return {
    "content-security-policy": policy.join("; "),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
  };
}
