/** What a stream of `subscriptions/listen` wants to hear of (MCP 2026-07-28). */

import type { Subscription, SubscriptionManager } from "@tmcp/session-manager";
import { isObject } from "../protocol/index.ts";

/** Lists and resources whose changes a stream is told of. */
export type SubscriptionFilter = Subscription["filters"];

/** A JSON-RPC notification. */
export type Notification = Parameters<SubscriptionManager["send"]>[0];

const UPDATED = "notifications/resources/updated";

/** The lists, each with the notification of its change. */
const LISTS = {
  toolsListChanged: "notifications/tools/list_changed",
  promptsListChanged: "notifications/prompts/list_changed",
  resourcesListChanged: "notifications/resources/list_changed",
} as const;

type ListName = keyof typeof LISTS;

const LIST_NAMES: readonly ListName[] = [
  "toolsListChanged",
  "promptsListChanged",
  "resourcesListChanged",
];

/** Whether streams may hear of a notification at all. */
export function isForStreams(method: string): boolean {
  return method === UPDATED || LIST_NAMES.some((name) => LISTS[name] === method);
}

/** Whether a stream with these filters hears of a notification. A resource is meant by exactly its URI. */
export function matchesFilter(
  filters: SubscriptionFilter,
  { method, params }: { readonly method: string; readonly params?: unknown },
): boolean {
  if (method !== UPDATED)
    return LIST_NAMES.some((name) => LISTS[name] === method && filters[name] === true);
  const uri = isObject(params) ? params["uri"] : undefined;
  return typeof uri === "string" && filters.resourceSubscriptions?.includes(uri) === true;
}

/** One notification of everything that a stream with these filters hears of: it may have missed any of them. */
export function everyNotification(filters: SubscriptionFilter): readonly Notification[] {
  const lists = LIST_NAMES.filter((name) => filters[name] === true).map((name) => LISTS[name]);
  return [
    ...lists.map((method): Notification => ({ jsonrpc: "2.0", method })),
    ...(filters.resourceSubscriptions ?? []).map((uri): Notification => ({
      jsonrpc: "2.0",
      method: UPDATED,
      params: { uri },
    })),
  ];
}

/** Reads filters that came over a socket; what is not known is left out. */
export function parseFilter(value: unknown): SubscriptionFilter {
  if (!isObject(value)) return {};
  const uris = value["resourceSubscriptions"];
  return {
    ...Object.fromEntries(
      LIST_NAMES.filter((name) => value[name] === true).map((name) => [name, true]),
    ),
    ...(Array.isArray(uris)
      ? { resourceSubscriptions: uris.filter((uri) => typeof uri === "string") }
      : {}),
  };
}
