import { expect, test } from "vitest";
import { formatWorkerdConfig } from "../src/serve/workerd-config.ts";

const settings = {
  address: { host: "127.0.0.1", port: 8787 },
  allowedHosts: ["127.0.0.1:8787", "localhost:8787"],
  allowedOrigins: [],
  maxConnections: 153,
  maxActiveSessions: 196,
  storage: "/srv/perdure/data",
  console: "/usr/lib/perdure/console",
};

test("The configuration binds the objects, the console and the limits, and names secrets without their values", () => {
  expect(formatWorkerdConfig(settings)).toBe(`using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (
      name = "perdure",
      worker = (
        modules = [(name = "worker.js", esModule = embed "worker.js")],
        compatibilityDate = "2026-08-04",
        bindings = [
          (name = "SESSION_DO", durableObjectNamespace = "SessionDO"),
          (name = "SESSION_INDEX", durableObjectNamespace = "SessionIndexDO"),
          (name = "LOGINS", durableObjectNamespace = "LoginDO"),
          (name = "ASSETS", service = "console"),
          (name = "PERDURE_SECRET", fromEnvironment = "PERDURE_SECRET"),
          (name = "PERDURE_ADMIN_SECRET", fromEnvironment = "PERDURE_ADMIN_SECRET"),
          (name = "PERDURE_ALLOWED_HOSTS", json = "[\\"127.0.0.1:8787\\",\\"localhost:8787\\"]"),
          (name = "PERDURE_ALLOWED_ORIGINS", json = "[]"),
          (name = "PERDURE_MAX_CONNECTIONS", json = "153"),
          (name = "PERDURE_MAX_ACTIVE_SESSIONS", json = "196"),
          (name = "PERDURE_COOKIE", text = "perdure_8787"),
        ],
        durableObjectNamespaces = [
          (className = "SessionDO", uniqueKey = "perdure-session", enableSql = true),
          (className = "SessionIndexDO", uniqueKey = "perdure-session-index", enableSql = true),
          (className = "LoginDO", uniqueKey = "perdure-login", enableSql = true),
        ],
        durableObjectStorage = (localDisk = "storage"),
        globalOutbound = "nowhere",
      ),
    ),
    (name = "storage", disk = (path = "/srv/perdure/data", writable = true)),
    (name = "console", disk = (path = "/usr/lib/perdure/console")),
    # The default would let the Worker connect to any public address.
    (name = "nowhere", network = (allow = [])),
  ],
  sockets = [
    (name = "http", address = "127.0.0.1:8787", http = (), service = "perdure"),
  ],
  # One JSON object a line, so that the level of each is known.
  logging = (structuredLogging = true),
);
`);
});

test("A path cannot leave its literal", () => {
  const config = formatWorkerdConfig({ ...settings, storage: '/a"b\\c\nd' });
  expect(config).toContain(String.raw`path = "/a\"b\\c\x0ad", writable = true`);
});

test("An IPv6 address stands in brackets", () => {
  const config = formatWorkerdConfig({ ...settings, address: { host: "::1", port: 8787 } });
  expect(config).toContain('address = "[::1]:8787"');
});

test("With a gateway the Worker can reach that address and no other", () => {
  const local = withGateway("http://127.0.0.1:7420");
  expect(local).toContain(
    '(name = "gateway", external = (address = "127.0.0.1:7420", http = ())),',
  );
  expect(local).toContain('(name = "PERDURE_GATEWAY_URL", text = "http://127.0.0.1:7420/")');
  expect(local).toContain('(name = "PERDURE_URL", text = "http://127.0.0.1:8787")');
  expect(local).toContain('globalOutbound = "nowhere"');
  expect(withGateway("https://box.example/gateway")).toContain(
    '(name = "gateway", external = (address = "box.example:443", https = (options = (), tlsOptions = (trustBrowserCas = true), certificateHost = "box.example"))),',
  );
});

const withGateway = (url: string) =>
  formatWorkerdConfig({
    ...settings,
    gateway: { url: new URL(url), server: "http://127.0.0.1:8787" },
  });
