/** A token's expiry holds for what is sent, not only for what arrives; and its socket is closed at that moment. */

import { CLOSE } from "../protocol/index.ts";
import type { Clock } from "./clock.ts";
import type { Link } from "./link.ts";

/** Closes a link whose token has expired; answers whether it has. */
export function closeExpired(link: Link, clock: Clock): boolean {
  const { expiresAt } = link.attachment;
  if (expiresAt === null || expiresAt > clock.now()) return false;
  link.close(
    CLOSE.unauthorized,
    "The token of this connection has expired; connect with a new one.",
  );
  return true;
}

/** The timer that closes sockets at the moment at which their tokens expire. */
export const EXPIRE_TIMER = "perdure:expire";

/** When the next of some links expires, in milliseconds since 1970; undefined where none does. */
export function nextExpiry(links: readonly Link[]): number | undefined {
  const next = Math.min(...links.map(({ attachment }) => attachment.expiresAt ?? Infinity));
  return next === Infinity ? undefined : next;
}
