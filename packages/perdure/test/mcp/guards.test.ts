import { expect, test } from "vitest";
import type { GuardOptions } from "../../src/mcp/guards.ts";
import { guardRequest } from "../../src/mcp/guards.ts";

interface Sent {
  /** Default: what the address says. */
  readonly host?: string;
  readonly origin?: string;
}

const guarded = (url: string, { host, origin }: Sent = {}, options?: GuardOptions) =>
  guardRequest(
    new Request(url, {
      method: "POST",
      headers: { ...(host && { host }), ...(origin && { origin }) },
    }),
    options,
  );

const refusal = async (response: Response | undefined) => ({
  status: response?.status,
  body: await response?.json(),
});

const LOCAL_HOSTS = [
  "localhost",
  "localhost:8787",
  "LOCALHOST",
  "localhost.",
  "app.localhost",
  "a.b.localhost:1",
  "127.0.0.1",
  "127.0.0.1:8787",
  "127.255.1.2",
  "127.1",
  "[::1]",
  "[::1]:8787",
  "[0:0:0:0:0:0:0:1]",
];

const OTHER_HOSTS = [
  "evil.com",
  "localhost.evil.com",
  "evil-localhost",
  "notlocalhost",
  "localhost.evil.com:8787",
  "127.0.0.1.evil.com",
  "127.0.0.1.nip.io",
  "128.0.0.1",
  "10.0.0.1",
  "0.0.0.0",
  "[::]",
  "[::2]",
  "[::ffff:127.0.0.1]",
];

const MALFORMED_HOSTS = [
  "user@localhost",
  "evil.com@localhost",
  "localhost@evil.com",
  "localhost/path",
  "localhost evil.com",
  "localhost,evil.com",
  "localhost, localhost",
  "localhost#evil.com",
  "localhost?evil.com",
  "localhost\\evil.com",
  "localhost:",
  "localhost:99999",
  "localhost:80:80",
  "localhost%00",
  "[::1",
  "[::1]evil.com",
  "[evil.com]",
  ":80",
  "*",
  "*.localhost",
];

test.each(LOCAL_HOSTS)("F105 over plain http a request to %s is taken", (host) => {
  expect(guarded("http://localhost/mcp", { host })).toBeUndefined();
});

test.each(OTHER_HOSTS)("F105 over plain http a request to %s is refused", async (host) => {
  expect(await refusal(guarded("http://localhost/mcp", { host }))).toEqual({
    status: 403,
    body: {
      jsonrpc: "2.0",
      id: null,
      error: {
        code: -32000,
        message:
          "Over plain http only requests to localhost are taken: add the host to `allowedHosts`, or use https.",
        data: { code: "bad_host" },
      },
    },
  });
});

test.each(MALFORMED_HOSTS)("F106 the malformed host %j is refused, over https too", (host) => {
  for (const scheme of ["http", "https"]) {
    expect(guarded(`${scheme}://localhost/mcp`, { host })?.status).toBe(403);
    expect(
      guarded(`${scheme}://localhost/mcp`, { host }, { allowedHosts: ["localhost"] })?.status,
    ).toBe(403);
  }
});

test("F105 without a Host header the address says the host", () => {
  expect(guarded("http://localhost:8787/mcp")).toBeUndefined();
  expect(guarded("http://evil.com/mcp")?.status).toBe(403);
});

test.each([...LOCAL_HOSTS, ...OTHER_HOSTS])(
  "F105 over https a request to %s is taken: its name has a certificate",
  (host) => {
    expect(guarded("https://mcp.example/mcp", { host })).toBeUndefined();
  },
);

test("F107 where hosts are allowed, those are taken and no others, over http and https", () => {
  const options = { allowedHosts: ["mcp.example", "Other.Example:8443", "[::1]"] };
  const taken = [
    "mcp.example",
    "MCP.example.",
    "mcp.example:1",
    "other.example:8443",
    "[::1]:80",
    "[0::1]",
  ];
  const refused = ["localhost", "other.example", "other.example:1", "a.mcp.example", "127.0.0.1"];
  for (const scheme of ["http", "https"]) {
    for (const host of taken)
      expect(guarded(`${scheme}://x.test/`, { host }, options)).toBeUndefined();
    for (const host of refused)
      expect(guarded(`${scheme}://x.test/`, { host }, options)?.status).toBe(403);
  }
});

test("F107 a wildcard among the allowed hosts or origins is an error", () => {
  expect(() => guarded("http://localhost/", {}, { allowedHosts: ["*.example"] })).toThrow(
    "wildcards are not supported",
  );
  for (const entry of ["*", "https://*.example", "null", "app.example"])
    expect(() =>
      guarded("http://localhost/", { origin: "https://app.test" }, { allowedOrigins: [entry] }),
    ).toThrow("wildcards are not supported");
});

test("F108 a request of no page, or of a page of the server's own, is taken", () => {
  expect(guarded("https://mcp.example/mcp")).toBeUndefined();
  expect(guarded("https://mcp.example/mcp", { origin: "https://mcp.example" })).toBeUndefined();
  expect(guarded("https://mcp.example/mcp", { origin: "https://mcp.example:443" })).toBeUndefined();
});

test.each([
  "http://localhost",
  "http://localhost:6274",
  "https://localhost:1",
  "http://127.0.0.1:6274",
  "http://[::1]:6274",
  "http://inspector.localhost",
])("F108 on localhost a page of %s is taken, elsewhere it is not", (origin) => {
  expect(guarded("http://localhost:8787/mcp", { origin })).toBeUndefined();
  expect(guarded("http://127.0.0.1:8787/mcp", { origin })).toBeUndefined();
  expect(guarded("https://mcp.example/mcp", { origin })?.status).toBe(403);
});

test.each([
  "null",
  "https://evil.com",
  "http://localhost.evil.com",
  "http://evil-localhost",
  "http://localhost@evil.com",
  "http://evil.com@localhost",
  "http://evil.com#localhost",
  "http://evil.com/localhost",
  "http://localhost, http://evil.com",
  "file://localhost",
  "localhost",
  "chrome-extension://localhost",
])("F109 on localhost a page of %s is refused", async (origin) => {
  expect(await refusal(guarded("http://localhost:8787/mcp", { origin }))).toEqual({
    status: 403,
    body: {
      jsonrpc: "2.0",
      id: null,
      error: {
        code: -32000,
        message:
          "The request comes from a page of another origin: add the origin to `allowedOrigins`.",
        data: { code: "bad_origin" },
      },
    },
  });
});

test("F109 a page of another port or scheme of the server's own name is refused", () => {
  for (const origin of ["https://mcp.example:8443", "http://mcp.example", "https://a.mcp.example"])
    expect(guarded("https://mcp.example/mcp", { origin })?.status).toBe(403);
});

test("F109 allowed origins are taken, in any spelling, besides the server's own", () => {
  const allowedOrigins = ["https://App.Example/", "vscode-webview://abc", "http://tool.test:80"];
  const taken = [
    "https://app.example",
    "https://APP.example:443",
    "vscode-webview://abc",
    "http://tool.test",
  ];
  for (const origin of [...taken, "https://mcp.example"])
    expect(guarded("https://mcp.example/", { origin }, { allowedOrigins })).toBeUndefined();
  for (const origin of ["https://app.example.evil.com", "http://app.example", "null"])
    expect(guarded("https://mcp.example/", { origin }, { allowedOrigins })?.status).toBe(403);
});

test("F109 where all origins are allowed `null` is not: every sandboxed page has it", () => {
  const options = { allowedOrigins: true } as const;
  const url = "https://mcp.example/";
  expect(guarded(url, { origin: "https://evil.com" }, options)).toBeUndefined();
  expect(guarded(url, { origin: "null" }, options)?.status).toBe(403);
});
