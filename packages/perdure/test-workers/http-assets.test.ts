import { expect, test } from "vitest";
import { appOver, refusalOf } from "./http-fakes.ts";

const FILES: Readonly<Record<string, string>> = {
  "/index.html": "<!doctype html>",
  "/assets/index-abc.js": "export {};",
  "/icon.svg": "<svg/>",
};

/** As workerd's disk service: no types, and no index. */
const disk = {
  fetch: async (request: Request) => {
    const file = FILES[new URL(request.url).pathname];
    return file === undefined
      ? new Response("Not Found", { status: 404 })
      : new Response(request.method === "HEAD" ? null : file, {
          headers: { "content-type": "application/octet-stream", "x-disk": "1" },
        });
  },
};

const withConsole = () => appOver({ assets: disk });

test("the console's page is served without a login, for every path without a file name", async () => {
  const { send } = withConsole();
  for (const path of ["/", "/s/one", "/settings/"]) {
    const response = await send(path);
    expect(await response.text()).toBe("<!doctype html>");
    expect(response.headers.get("content-type")).toBe("text/html; charset=utf-8");
    expect(response.headers.get("cache-control")).toBe("no-cache");
  }
});

test("a file has its type, and one that is named by its contents is kept for good", async () => {
  const { send } = withConsole();
  const script = await send("/assets/index-abc.js");
  expect(script.headers.get("content-type")).toBe("text/javascript; charset=utf-8");
  expect(script.headers.get("cache-control")).toBe("public, max-age=31536000, immutable");
  const icon = await send("/icon.svg");
  expect(icon.headers.get("content-type")).toBe("image/svg+xml");
  expect(icon.headers.get("cache-control")).toBe("no-cache");
});

test("a page may run its own code, talk to its own server, and stand in nobody's frame", async () => {
  const response = await withConsole().send("/");
  const policy = response.headers.get("content-security-policy")?.split("; ");
  expect(policy).toContain("default-src 'none'");
  expect(policy).toContain("script-src 'self'");
  expect(policy).toContain("connect-src 'self' ws://127.0.0.1:8787");
  expect(policy).toContain("frame-ancestors 'none'");
  expect(response.headers.get("x-content-type-options")).toBe("nosniff");
  expect(response.headers.get("x-disk")).toBeNull();
});

test("a file that is not there is not found, and neither is a path of the server's own", async () => {
  const { send } = withConsole();
  for (const path of ["/missing.js", "/_perdure/drain", "/v2.html"])
    expect(await refusalOf(await send(path))).toEqual([404, "not_found"]);
  expect(await refusalOf(await send("/", { method: "POST" }))).toEqual([404, "not_found"]);
});

test("without files, what is no route is not found", async () => {
  expect(await refusalOf(await appOver().send("/"))).toEqual([404, "not_found"]);
});
