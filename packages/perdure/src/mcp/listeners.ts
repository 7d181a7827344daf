/** Streams of `subscriptions/listen`, as a registry has them: a socket each, whose attachment has its filters. */

import type { Link } from "../object/index.ts";
import { isObject } from "../protocol/index.ts";
import type { SubscriptionFilter } from "./subscription-filter.ts";
import { matchesFilter, parseFilter } from "./subscription-filter.ts";

/** What a Worker opens a socket on a registry for. */
export interface ListenerMeta {
  readonly as: "listener";
  readonly filters: SubscriptionFilter;
}

/** What a socket was opened for, if that is to listen. */
export function listenerMetaOf(meta: unknown): ListenerMeta | undefined {
  if (!isObject(meta) || meta["as"] !== "listener") return undefined;
  return { as: "listener", filters: parseFilter(meta["filters"]) };
}

/**
 * Sends a notification to each of these sockets whose filters it matches.
 *
 * @param notification A JSON-RPC notification as JSON; anything else goes to nobody.
 * @returns To how many.
 */
export function notifyListeners(links: readonly Link[], notification: string): number {
  const parsed = parseNotification(notification);
  if (parsed === undefined) return 0;
  return links.filter((link) => {
    const meta = listenerMetaOf(link.attachment.meta);
    return meta !== undefined && matchesFilter(meta.filters, parsed) && link.send(notification);
  }).length;
}

function parseNotification(
  text: string,
): { readonly method: string; readonly params?: unknown } | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (!isObject(value) || typeof value["method"] !== "string") return undefined;
    return { method: value["method"], params: value["params"] };
  } catch {
    return undefined;
  }
}
