/** Where a connection is. */

import { PerdureError } from "../protocol/index.ts";

/** @throws PerdureError `bad_request` where there is no usable URL. */
export function connectionSocketUrl(url: string | undefined, path: string | undefined): string {
  const base = url ?? globalThis.location?.origin;
  const target = URL.parse(path ?? (url === undefined ? "/ws" : ""), base);
  if (target === null || !/^(ws|http)s?:$/.test(target.protocol))
    throw new PerdureError("bad_request", "Give the connection's address as `url`.");
  return target.href.replace(/^http/, "ws");
}
