/** Whose page may send a request. */

import { PerdureError } from "../protocol/index.ts";
import { isUpgrade, subprotocolToken } from "./upgrade.ts";

/**
 * Throws `bad_origin` where another site's page is behind a request: on an upgrade, and where a browser adds the credential
 * by itself, the `Origin` must be the server's own or an allowed one. It may be missing without a cookie, because then no
 * page is behind the request, and where a cookie only reads.
 *
 * @param allowed Origins besides the server's own, such as `https://app.example`.
 * @param isByBrowser Whether the request stands on a credential that a browser adds by itself.
 * @param isReading Whether it changes nothing. Default: a `GET` or `HEAD` that is no upgrade.
 */
export function checkOrigin(
  request: Request,
  allowed: readonly string[] | undefined,
  isByBrowser: boolean,
  isReading: boolean = ["GET", "HEAD"].includes(request.method) && !isUpgrade(request),
): void {
  if (!isByBrowser && !isUpgrade(request)) return;
  const origin = request.headers.get("origin");
  const hasCookie = isByBrowser && request.headers.has("cookie");
  if (origin === null && (!hasCookie || isReading)) return;
  const own = new URL(request.url).origin;
  if (origin !== null && (origin === own || allowed?.includes(origin))) return;
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
