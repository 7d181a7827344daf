/** From a hook's options to the store behind them, without side effects while rendering on a server. */

import { useContext, useEffect, useMemo } from "react";
import type { ClientState } from "../client/index.ts";
import type { Session, SessionOptions } from "./session.ts";
import { actionsOf } from "./session-actions.ts";
import { SessionContext } from "./session-provider.ts";
import { storeOf } from "./session-registry.ts";
import type { SessionStore } from "./session-store.ts";
import { IDLE_STATE, viewer } from "./session-view.ts";
import { holding } from "./sharing.ts";
import type { Readable } from "./use-selected.ts";

/** One session, for hooks. */
export interface SessionSource {
  /** The store; made where there is none. Not to be asked for on a server. */
  readonly store: () => SessionStore;
  /** Listening connects, for as long as it lasts. */
  readonly session: Readable<Session>;
  readonly state: Readable<ClientState>;
}

/** The source of a session; the same one while the options say the same. */
export function useSessionSource(options: SessionOptions): SessionSource {
  const defaults = useContext(SessionContext);
  const { name } = options;
  const url = options.url ?? defaults.url;
  const token = options.token ?? defaults.token;
  const create = options.create ?? defaults.create;
  // Most pages write the function where they use it, so that it is another one in every render.
  const tokenKey = typeof token === "function" ? "function" : token;
  const source = useMemo(
    () => sourceOf({ name, url, token, create }),
    // oxlint-disable-next-line react/exhaustive-deps
    [name, url, tokenKey, create],
  );
  useEffect(() => {
    if (typeof token === "function") source.store().renewToken(token);
  }, [source, token]);
  return source;
}

function sourceOf(options: SessionOptions): SessionSource {
  const store = () => storeOf(options);
  const subscribe = holding(store);
  const empty: Session = {
    ...viewer(options.name)({ ...NOTHING, state: IDLE_STATE }),
    ...actionsOf(store),
  };
  return {
    store,
    session: { subscribe, get: () => store().session, getOnServer: () => empty },
    state: { subscribe, get: () => store().state, getOnServer: () => IDLE_STATE },
  };
}

const NOTHING = {
  earlier: [],
  hasEarlier: false,
  error: undefined,
} as const;
