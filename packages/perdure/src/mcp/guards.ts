/** Which requests a Worker takes: by the name that they were sent to, and by whose page sent them. */

import { PerdureError } from "../protocol/index.ts";

/** The JSON-RPC error of a refused request: of the range that is left to servers (JSON-RPC 2.0 §5.1). */
const REFUSED = -32_000;

/** A host name or address, and a port; no white space, no userinfo, no path. */
const HOST = /^(?:[a-z\d._-]+|\[[a-f\d:.]+\])(?::\d{1,5})?$/i;

/** What `guardRequest` lets through. */
export interface GuardOptions {
  /**
   * Hosts that requests may be sent to, such as `mcp.example` (with any port) or `mcp.example:8443`. Default: every host over https,
   * and over plain http those of the own machine. Where the list is given, no other host is taken on either.
   */
  readonly allowedHosts?: readonly string[] | undefined;
  /**
   * Origins whose pages may send requests, such as `https://app.example`; `true` for all but `null`. Default: the server's own,
   * and for a server of the own machine all of that machine. Requests of no page have no origin, and are always taken.
   */
  readonly allowedOrigins?: readonly string[] | true | undefined;
}

/** Refuses a request that `checkHost` or `checkMcpOrigin` refuses, with 403 and a JSON-RPC error; undefined where it may go on. */
export function guardRequest(request: Request, options: GuardOptions = {}): Response | undefined {
  try {
    checkHost(request, options.allowedHosts);
    checkMcpOrigin(request, options.allowedOrigins);
    return undefined;
  } catch (error) {
    if (!(error instanceof PerdureError)) throw error;
    const { message } = error;
    return Response.json(
      { jsonrpc: "2.0", id: null, error: { code: REFUSED, message, data: { code: error.code } } },
      { status: 403 },
    );
  }
}

/**
 * Throws `bad_host` where a request was sent to a host that is not allowed. It is about DNS rebinding: a page of the attacker's, whose
 * name is made to point at a server of the user's own machine. That cannot happen over https, because the attacker's
 * name has no certificate there; so over https every host is taken, unless `allowed` names those that are.
 *
 * @param allowed See `GuardOptions.allowedHosts`. Wildcards are not supported: a `RangeError`.
 */
export function checkHost(request: Request, allowed?: readonly string[]): void {
  const url = new URL(request.url);
  const host = parseHost(request.headers.get("host") ?? url.host);
  if (host === undefined)
    throw new PerdureError("bad_host", "The Host header of the request is no host; correct it.");
  if (allowed !== undefined) {
    if (allowed.some((entry) => isSameHost(parseEntry(entry), host))) return;
    throw new PerdureError(
      "bad_host",
      "Requests to this host are not taken: add the host to `allowedHosts`.",
    );
  }
  if (url.protocol === "https:" || isLocal(host.name)) return;
  throw new PerdureError(
    "bad_host",
    "Over plain http only requests to localhost are taken: add the host to `allowedHosts`, or use https.",
  );
}

/**
 * Throws `bad_origin` where a page is behind a request that may not send any.
 *
 * @param allowed See `GuardOptions.allowedOrigins`. Wildcards are not supported: a `RangeError`.
 */
export function checkMcpOrigin(request: Request, allowed?: readonly string[] | true): void {
  const text = request.headers.get("origin");
  if (text === null) return;
  const entries = allowed === true || allowed === undefined ? [] : allowed.map(originOfEntry);
  const origin = normalOrigin(text);
  const url = new URL(request.url);
  if (origin !== undefined) {
    if (allowed === true || origin === url.origin || entries.includes(origin)) return;
    if (isLocal(hostNameOf(url)) && isLocalOrigin(origin)) return;
  }
  throw new PerdureError(
    "bad_origin",
    "The request comes from a page of another origin: add the origin to `allowedOrigins`.",
  );
}

/** A host as it is compared: in lower case, without a last dot, addresses in their shortest form. */
interface Host {
  readonly name: string;
  /** As it was written; empty where it was not. */
  readonly port: string;
}

function parseHost(text: string): Host | undefined {
  if (!HOST.test(text) || !URL.canParse(`http://${text}`)) return undefined;
  const port = /:(\d+)$/.exec(text.replace(/^\[.*\]/, ""))?.[1] ?? "";
  return { name: hostNameOf(new URL(`http://${text}`)), port };
}

function parseEntry(entry: string): Host {
  const host = parseHost(entry);
  if (host === undefined)
    throw new RangeError(
      `The entry ${JSON.stringify(entry)} of \`allowedHosts\` is no host: write one such as "mcp.example" or "mcp.example:8443"; wildcards are not supported.`,
    );
  return host;
}

function isSameHost(entry: Host, host: Host): boolean {
  return entry.name === host.name && (entry.port === "" || entry.port === host.port);
}

function hostNameOf(url: URL): string {
  return url.hostname.replace(/\.$/, "");
}

/** Names that every resolver must keep on the own machine (RFC 6761 §6.3), and its addresses. */
function isLocal(name: string): boolean {
  return /^(?:.+\.)?localhost$|^127(?:\.\d+){3}$|^\[::1\]$/.test(name);
}

function isLocalOrigin(origin: string): boolean {
  return /^https?:/.test(origin) && isLocal(hostNameOf(new URL(origin)));
}

/** An origin as it is compared; undefined where a text is none, as `null` is. */
function normalOrigin(text: string): string | undefined {
  if (!/^[a-z][a-z\d+.-]*:\/\/[^\s/@?#\\,*]+$/i.test(text) || !URL.canParse(text)) return undefined;
  // A URL of another scheme has no origin of its own: an extension's is compared as it stands.
  return /^https?:/i.test(text) ? new URL(text).origin : text.toLowerCase();
}

function originOfEntry(entry: string): string {
  const origin = normalOrigin(entry.replace(/\/$/, ""));
  if (origin === undefined)
    throw new RangeError(
      `The entry ${JSON.stringify(entry)} of \`allowedOrigins\` is no origin: write one such as "https://app.example"; wildcards are not supported.`,
    );
  return origin;
}
