/** A token's expiry holds for what is sent, not only for what arrives. */

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
