/** Which gateways a session may call: decided by whoever runs the Worker, never by whoever creates a session. */

import type { Gateway } from "../protocol/index.ts";
import { isObject, PerdureError } from "../protocol/index.ts";
import type { WakingSchedule } from "./waking-schedule.ts";

/** What a server says of gateways. */
export interface GatewayPolicy {
  /** The gateway of sessions that name none. Default: there is none, and those sessions wait for a runner that dials in by itself. */
  readonly default?: Gateway | undefined;
  /**
   * URLs that sessions may name. An entry permits its origin, where it has a path only what is below that. Default: none but
   * the server's own.
   */
  readonly allowed?: readonly string[] | undefined;
  /** Signs calls; see `signWebhook`. Without it no gateway is called. */
  readonly secret?: string | undefined;
  /** Base URL under which runners reach this server. Default: the gateway knows. */
  readonly server?: string | undefined;
  /** How patiently a runner is looked for. Default: `WAKING_SCHEDULE`. */
  readonly schedule?: Partial<WakingSchedule> | undefined;
  /** Sends the call. Default: the global `fetch`. */
  readonly fetch?: ((request: Request) => Promise<Response>) | undefined;
}

/**
 * The policy in a Worker's `env`: `PERDURE_GATEWAY_URL` (the default gateway), `PERDURE_ALLOWED_GATEWAYS` (a list, or a text
 * with commas), `PERDURE_GATEWAY_SECRET`, and `PERDURE_URL` (this server, for runners).
 */
export function gatewayPolicyOf(env: unknown): GatewayPolicy {
  if (!isObject(env)) return {};
  const url = textOf(env["PERDURE_GATEWAY_URL"]);
  return {
    default: url === undefined ? undefined : { url },
    allowed: listOf(env["PERDURE_ALLOWED_GATEWAYS"]),
    secret: textOf(env["PERDURE_GATEWAY_SECRET"]),
    server: textOf(env["PERDURE_URL"]),
  };
}

/**
 * The URL to call. Throws `bad_request` where it is none, is neither `https:` nor on this machine, carries a password, or is
 * not allowed.
 */
export function checkGatewayUrl(text: string, { default: own, allowed = [] }: GatewayPolicy): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !isSafe(url))
    throw new PerdureError(
      "bad_request",
      "A gateway is named by an https URL without a password; http is for this machine alone.",
    );
  if (text !== own?.url && !allowed.some((entry) => permitsUrl(entry, url)))
    throw new PerdureError(
      "bad_request",
      "This server does not call that gateway; its operator lists those that it may.",
    );
  return url;
}

function isSafe({ protocol, hostname, username, password }: URL): boolean {
  if (username !== "" || password !== "") return false;
  return protocol === "https:" || (protocol === "http:" && isLoopback(hostname));
}

const isLoopback = (hostname: string) =>
  hostname === "localhost" || hostname === "[::1]" || /^127(\.\d{1,3}){3}$/.test(hostname);

/** A parsed URL has no dot segments, so the beginning of its path is where it leads. */
function permitsUrl(entry: string, url: URL): boolean {
  if (!URL.canParse(entry)) return false;
  const { origin, pathname } = new URL(entry);
  if (origin !== url.origin) return false;
  return folderOf(url.pathname).startsWith(folderOf(pathname));
}

const folderOf = (path: string) => path.replace(/\/?$/, "/");

const textOf = (value: unknown) => (typeof value === "string" && value !== "" ? value : undefined);

function listOf(value: unknown): readonly string[] {
  const entries: readonly unknown[] =
    typeof value === "string" ? value.split(/[\s,]+/) : Array.isArray(value) ? value : [];
  return entries.filter((entry): entry is string => typeof entry === "string" && entry !== "");
}
