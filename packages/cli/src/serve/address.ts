import { createServer } from "node:net";
import { isErrorCode } from "./private-file.ts";
import { ServeError } from "./serve-error.ts";

/** Where a server listens. */
export interface ListenAddress {
  /** A name or an IP address, an IPv6 one without brackets. */
  readonly host: string;
  /** From 1 to 65535; 0 where any free one will do. */
  readonly port: number;
}

const DEFAULT_HTTP_PORT = 80;

/** "All addresses of this machine", each with the loopback address under which this machine reaches itself. */
const WILDCARDS: Readonly<Record<string, string>> = { "0.0.0.0": "127.0.0.1", "::": "::1" };

/** The form `host:port` that URLs, `Host` headers and workerd have in common. */
export function formatAddress({ host, port }: ListenAddress): string {
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}

/** The base URL, without a slash at its end, under which this machine reaches a server that listens there. */
export function urlOf({ host, port }: ListenAddress): string {
  return new URL(`http://${formatAddress({ host: WILDCARDS[host] ?? host, port })}`).origin;
}

/** Whether only this machine can reach a server that listens there. */
export function isLoopback({ host }: ListenAddress): boolean {
  return host === "localhost" || host === "::1" || /^127(\.\d{1,3}){3}$/.test(host);
}

/**
 * Values of `Host` that a server answers: this machine's own names, the host that it listens on, and more as given. A name
 * given without a port counts with the server's port, too, and as it stands: a proxy may be in front of the server.
 */
export function allowedHosts(address: ListenAddress, more: readonly string[] = []): string[] {
  const { host, port } = address;
  const own = [
    "127.0.0.1",
    "localhost",
    "::1",
    ...(WILDCARDS[host] === undefined ? [host] : []),
  ].flatMap((host) => hostHeaders(formatAddress({ host, port }), port));
  const given = more.flatMap((name) =>
    /:\d+$/.test(name) ? hostHeaders(name, port) : [name, `${name}:${port}`],
  );
  return [...new Set([...own, ...given].map((name) => name.toLowerCase()))];
}

/** Clients leave the default port out. */
function hostHeaders(hostAndPort: string, port: number): string[] {
  return port === DEFAULT_HTTP_PORT
    ? [hostAndPort, hostAndPort.replace(/:80$/, "")]
    : [hostAndPort];
}

/**
 * Finds out whether an address can be listened on, and which port is free where any will do.
 *
 * Throws `port_in_use` or `cannot_listen`.
 */
export async function findFreePort(address: ListenAddress): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const server = createServer();
  server.once("error", (error) => reject(explain(error, address)));
  server.listen({ ...address, exclusive: true }, () => {
    const bound = server.address();
    const port = typeof bound === "object" && bound !== null ? bound.port : address.port;
    server.close(() => resolve(port));
  });
  return promise;
}

/** Another program has the port. */
export function portInUse(address: ListenAddress): ServeError {
  return new ServeError(
    "port_in_use",
    `Another program listens on ${formatAddress(address)}: stop it, or choose a port with --port (0 takes a free one).`,
  );
}

function explain(error: Error, address: ListenAddress): ServeError {
  if (isErrorCode(error, "EADDRINUSE")) return portInUse(address);
  return new ServeError(
    "cannot_listen",
    `Cannot listen on ${formatAddress(address)}: ${error.message}. Choose others with --host and --port.`,
    { cause: error },
  );
}
