/** Streams of `subscriptions/listen` over the registries of a binding. */

import { env } from "cloudflare:workers";
import type { SocketHost } from "../object/index.ts";
import {
  callObject,
  inParallel,
  namespaceOf,
  openObjectSocket,
  systemClock,
} from "../object/index.ts";
import { ListenStreams } from "./listen.ts";
import type { ListenHandlers } from "./listen.ts";
import type { ListenerMeta } from "./listeners.ts";
import { REGISTRY_NAMES, REGISTRY_SHARDS, registryName, registryOf } from "./placement.ts";
import type { SubscriptionFilter } from "./subscription-filter.ts";

/** What of a registry streams need. */
type ListenRegistry = SocketHost & { notify(notification: string): Promise<void> };

/** The streams of this isolate over the objects of a binding, which is looked for when it is first needed. */
export function listenStreams(binding: string): ListenStreams {
  const registries = () => namespaceOf<ListenRegistry>(env, binding, "SyncLayer");
  return new ListenStreams({
    clock: systemClock,
    random: Math.random,
    open: (origin, filters, handlers) =>
      openSocket(registries().getByName(registryName(registryOf(origin))), filters, handlers),
    notify: async (notification) => {
      await inParallel(REGISTRY_NAMES, REGISTRY_SHARDS, (name) =>
        callObject(registries(), name, (registry) => registry.notify(notification)),
      );
    },
  });
}

async function openSocket(
  registry: SocketHost,
  filters: SubscriptionFilter,
  { message, lost }: ListenHandlers,
): Promise<() => void> {
  const meta: ListenerMeta = { as: "listener", filters };
  const socket = await openObjectSocket(registry, {
    kind: "mcp",
    role: "viewer",
    subject: "",
    expiresAt: null,
    meta,
  });
  const mine = new AbortController();
  const { signal } = mine;
  const ended = () => {
    mine.abort();
    lost();
  };
  socket.addEventListener("message", ({ data }) => message(String(data)), { signal });
  socket.addEventListener("close", ended, { signal });
  socket.addEventListener("error", ended, { signal });
  socket.accept();
  return () => {
    mine.abort();
    try {
      socket.close(1000, "The stream has ended.");
    } catch {
      // It is closed already, or another request has it: it ends with that.
    }
  };
}
