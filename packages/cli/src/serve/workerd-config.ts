import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { ListenAddress } from "./address.ts";
import { formatAddress } from "./address.ts";
import type { DataFolder } from "./data-folder.ts";
import { replacePrivateFile } from "./private-file.ts";

/** Which behaviour of the platform the Worker was written for; it includes `nodejs_compat`. */
const COMPATIBILITY_DATE = "2026-08-04";

/** The name of the constant that workerd is told to serve. */
export const CONFIG_CONSTANT = "config";

/** The Worker's copy in the runtime folder: a package that is upgraded meanwhile changes nothing under a running server. */
const WORKER_FILE = "worker.js";

/**
 * The Durable Object classes that the Worker exports. The key names the folder of the class's databases and is part of what
 * the ids of its objects are made from: with another key they would all be lost.
 */
const OBJECT_CLASSES = [
  { binding: "SESSION_DO", className: "SessionDO", uniqueKey: "perdure-session" },
  { binding: "SESSION_INDEX", className: "SessionIndexDO", uniqueKey: "perdure-session-index" },
  { binding: "LOGINS", className: "LoginDO", uniqueKey: "perdure-login" },
];

/** Bindings of the Worker whose values are secrets: only the environment carries them. */
export type SecretEnvironment = Readonly<
  Record<"PERDURE_SECRET" | "PERDURE_ADMIN_SECRET", string> & {
    /** Where there is a gateway. */
    PERDURE_GATEWAY_SECRET?: string;
  }
>;

const SECRET_BINDINGS: readonly (keyof SecretEnvironment)[] = [
  "PERDURE_SECRET",
  "PERDURE_ADMIN_SECRET",
];

/** What differs from one server to another. All paths are absolute. */
export interface WorkerdSettings {
  readonly address: ListenAddress;
  /** Values of `Host` that are answered. */
  readonly allowedHosts: readonly string[];
  /** Origins, besides the server's own, whose pages may use it. */
  readonly allowedOrigins: readonly string[];
  /** Open connections past which new ones are refused. */
  readonly maxConnections: number;
  /** Sessions that may be awake past which requests to further ones are refused. */
  readonly maxActiveSessions: number;
  /** The gateway of sessions, the only address that the Worker can reach; and the base URL that runners dial. */
  readonly gateway?: { readonly url: URL; readonly server: string } | undefined;
  /** Folder of the SQLite databases. */
  readonly storage: string;
  /** Folder of the console's files. */
  readonly console: string;
}

/** Where the configuration of a folder is; also how its workerd is recognized among other processes. */
export function configPathOf({ runtime }: DataFolder): string {
  return join(runtime, "config.capnp");
}

/** Writes the configuration and the Worker's code into the runtime folder. */
export function writeWorkerdConfig(
  folder: DataFolder,
  settings: WorkerdSettings,
  workerPath: string,
): void {
  replacePrivateFile(join(folder.runtime, WORKER_FILE), readFileSync(workerPath, "utf8"));
  replacePrivateFile(configPathOf(folder), formatWorkerdConfig(settings));
}

/** The configuration as Cap'n Proto text. It holds no secret. */
export function formatWorkerdConfig(settings: WorkerdSettings): string {
  const { address, allowedHosts, allowedOrigins, storage, console } = settings;
  const { maxConnections, maxActiveSessions, gateway } = settings;
  const bindings = [
    ...OBJECT_CLASSES.map(
      ({ binding, className }) =>
        `(name = ${text(binding)}, durableObjectNamespace = ${text(className)})`,
    ),
    `(name = "ASSETS", service = "console")`,
    ...SECRET_BINDINGS.map((name) => `(name = ${text(name)}, fromEnvironment = ${text(name)})`),
    `(name = "PERDURE_ALLOWED_HOSTS", json = ${text(JSON.stringify(allowedHosts))})`,
    `(name = "PERDURE_ALLOWED_ORIGINS", json = ${text(JSON.stringify(allowedOrigins))})`,
    `(name = "PERDURE_MAX_CONNECTIONS", json = ${text(String(maxConnections))})`,
    `(name = "PERDURE_MAX_ACTIVE_SESSIONS", json = ${text(String(maxActiveSessions))})`,
    // Cookies ignore ports: without one in its name, two servers on a machine would take each other's.
    `(name = "PERDURE_COOKIE", text = ${text(`perdure_${address.port}`)})`,
    ...(gateway === undefined ? [] : gatewayBindings(gateway)),
  ];
  const namespaces = OBJECT_CLASSES.map(
    ({ className, uniqueKey }) =>
      `(className = ${text(className)}, uniqueKey = ${text(uniqueKey)}, enableSql = true)`,
  );
  return `using Workerd = import "/workerd/workerd.capnp";

const ${CONFIG_CONSTANT} :Workerd.Config = (
  services = [
    (
      name = "perdure",
      worker = (
        modules = [(name = ${text(WORKER_FILE)}, esModule = embed ${text(WORKER_FILE)})],
        compatibilityDate = ${text(COMPATIBILITY_DATE)},
        bindings = [
          ${bindings.join(",\n          ")},
        ],
        durableObjectNamespaces = [
          ${namespaces.join(",\n          ")},
        ],
        durableObjectStorage = (localDisk = "storage"),
        globalOutbound = "nowhere",
      ),
    ),
    (name = "storage", disk = (path = ${text(storage)}, writable = true)),
    (name = "console", disk = (path = ${text(console)})),
    # The default would let the Worker connect to any public address.
    (name = "nowhere", network = (allow = [])),${gateway === undefined ? "" : gatewayService(gateway.url)}
  ],
  sockets = [
    (name = "http", address = ${text(formatAddress(address))}, http = (), service = "perdure"),
  ],
  # One JSON object a line, so that the level of each is known.
  logging = (structuredLogging = true),
);
`;
}

function gatewayBindings({ url, server }: NonNullable<WorkerdSettings["gateway"]>): string[] {
  return [
    `(name = "GATEWAY", service = "gateway")`,
    `(name = "PERDURE_GATEWAY_URL", text = ${text(url.href)})`,
    `(name = "PERDURE_GATEWAY_SECRET", fromEnvironment = "PERDURE_GATEWAY_SECRET")`,
    `(name = "PERDURE_URL", text = ${text(server)})`,
  ];
}

/** One address and no other, whatever a session asks for. */
function gatewayService({ protocol, hostname, port }: URL): string {
  const isEncrypted = protocol === "https:";
  const address = `${hostname}:${port === "" ? (isEncrypted ? "443" : "80") : port}`;
  const how = isEncrypted
    ? `https = (options = (), tlsOptions = (trustBrowserCas = true), certificateHost = ${text(hostname)})`
    : "http = ()";
  return `\n    (name = "gateway", external = (address = ${text(address)}, ${how})),`;
}

/** A text literal. Cap'n Proto knows C's escapes, not those of JSON. */
function text(value: string): string {
  const escaped = value.replaceAll(/["\\]/g, String.raw`\$&`);
  // Paths may contain control characters.
  const printable = escaped.replaceAll(
    // eslint-disable-next-line no-control-regex
    /[\u0000-\u001f\u007f]/g,
    (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`,
  );
  return `"${printable}"`;
}
