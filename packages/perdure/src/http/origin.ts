/** Whose page may send a request. */

import type { Context } from "hono";
import { isUpgrade, subprotocolToken } from "../object/index.ts";
import { PerdureError } from "../protocol/index.ts";

/**
 * Throws `bad_origin` where another site's page is behind a request: on an upgrade, and where a browser adds the credential
 * by itself, the `Origin` must be the server's own or an allowed one. It may be missing without a cookie, because then no
 * page is behind the request, and where a cookie only reads.
 *
 * @param isByBrowser Whether the request stands on a credential that a browser adds by itself.
 */
export function checkOrigin(
  c: Context,
  allowed: readonly string[] | undefined,
  isByBrowser: boolean,
): void {
  const request = c.req.raw;
  if (!isByBrowser && !isUpgrade(request)) return;
  const origin = c.req.header("origin");
  const isReading = ["GET", "HEAD"].includes(request.method) && !isUpgrade(request);
  const hasCookie = isByBrowser && request.headers.has("cookie");
  if (origin === undefined && (!hasCookie || isReading)) return;
  const own = new URL(request.url).origin;
  if (origin !== undefined && (origin === own || allowed?.includes(origin))) return;
  throw new PerdureError(
    "bad_origin",
    "The request comes from a page of another origin: add the origin to the allowed ones, or use the server's own address.",
  );
}

/**
 * Whether a request may stand on a credential that a browser adds by itself, whoever's page asks: a cookie or a password,
 * unless the request brings a token that only a program can put there.
 */
export function isSentByBrowser(request: Request): boolean {
  const authorization = request.headers.get("authorization");
  const hasToken = /^bearer /i.test(authorization ?? "") || subprotocolToken(request) !== undefined;
  return !hasToken && (authorization !== null || request.headers.has("cookie"));
}
