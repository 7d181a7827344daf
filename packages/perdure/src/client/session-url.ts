/** Where a session's socket is. */

import { PerdureError } from "../protocol/index.ts";

/**
 * @param base URL of the server, with or without a path. Default: the page's origin.
 * @throws PerdureError `bad_request` where there is no usable URL.
 */
export function sessionSocketUrl(base: string | undefined, session: string): string {
  const root = base ?? globalThis.location?.origin;
  if (!URL.canParse(root))
    throw new PerdureError("bad_request", "Give the server's address as `url`.");
  const path = `v1/sessions/${encodeURIComponent(session)}/ws`;
  return new URL(path, root.replace(/\/?$/, "/")).href.replace(/^http/, "ws");
}
