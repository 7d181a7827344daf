/** The hook of the session list, apart from those of a session: a page that shows no list does not load it. */

import { useContext, useEffect, useMemo } from "react";
import type { SessionList, SessionListOptions } from "./session-list.ts";
import { SessionListStore } from "./session-list-store.ts";
import { SessionContext } from "./session-provider.ts";
import { holding, tokenKeyOf } from "./sharing.ts";
import type { Readable } from "./use-selected.ts";
import { useSelected } from "./use-selected.ts";

/** A hook that gives the whole list, or what a function selects of it. */
interface UseSessions {
  /** @returns The list. Another object after each change of it. */
  (options?: SessionListOptions): SessionList;
  /**
   * @param select What the component needs. It renders again only when that is another value.
   * @param isEqual When two values are the same one. Default: `Object.is`; `shallow` for new lists and objects.
   */
  <Selected>(
    options: SessionListOptions,
    select: (list: SessionList) => Selected,
    isEqual?: (a: Selected, b: Selected) => boolean,
  ): Selected;
}

/**
 * Follows the list of an owner's sessions for as long as the component is there, and shares the connection with every other
 * component that asks for the same one.
 *
 * On a server, and until a page has taken over what the server drew, `sessions` is undefined and `link` is `idle`.
 *
 * Throws a `PerdureError` `bad_request` where the page has no usable URL or WebSocket; all other problems are in `error`.
 */
export const useSessions: UseSessions = ((
  options: SessionListOptions = {},
  select: (list: SessionList) => unknown = whole,
  isEqual = Object.is,
) => useSelected(useListSource(options), select, isEqual)) as UseSessions;

const whole = (list: SessionList): SessionList => list;

const stores = new Map<string, SessionListStore>();

function storeOf(options: SessionListOptions): SessionListStore {
  const { url, token, owner, limit, lifecycle, status } = options;
  const key = JSON.stringify([url, tokenKeyOf(token), owner, limit, lifecycle, status]);
  const known = stores.get(key);
  if (known !== undefined) return known;
  const store = new SessionListStore(options, () => void stores.delete(key));
  stores.set(key, store);
  return store;
}

/** The list, for hooks; the same one while the options say the same. */
function useListSource(options: SessionListOptions): Readable<SessionList> {
  const defaults = useContext(SessionContext);
  const { owner, limit, lifecycle, status } = options;
  const url = options.url ?? defaults.url;
  const token = options.token ?? defaults.token;
  // Most pages write the function where they use it, so that it is another one in every render.
  const tokenKey = typeof token === "function" ? "function" : token;
  const [source, store] = useMemo(
    () => sourceOf({ url, token, owner, limit, lifecycle, status }),
    // oxlint-disable-next-line react/exhaustive-deps
    [url, tokenKey, owner, limit, lifecycle, status],
  );
  useEffect(() => {
    if (typeof token === "function") store().renewToken(token);
  }, [store, token]);
  return source;
}

function sourceOf(options: SessionListOptions) {
  const store = () => storeOf(options);
  const empty: SessionList = {
    sessions: undefined,
    hasMore: false,
    link: "idle",
    error: undefined,
    loadMore: () => store().loadMore(),
    reconnect: () => store().reconnect(),
  };
  const source: Readable<SessionList> = {
    subscribe: holding(store),
    get: () => store().list,
    getOnServer: () => empty,
  };
  return [source, store] as const;
}
