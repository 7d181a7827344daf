/** Where a shard's socket is. */

import { PerdureError } from "../protocol/index.ts";

/** @throws PerdureError `bad_request` where there is no usable URL. */
export function shardSocketUrl(base: string | undefined, shard: string | undefined): string {
  const url = URL.parse(base ?? "/shard", globalThis.location?.origin);
  if (url === null || !/^(ws|http)s?:$/.test(url.protocol))
    throw new PerdureError("bad_request", "Give the address of the shard's routes as `url`.");
  url.pathname = `${url.pathname.replace(/\/$/, "")}/ws`;
  if (shard !== undefined) url.searchParams.set("shard", shard);
  return url.href.replace(/^http/, "ws");
}
