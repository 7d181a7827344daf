import { useEffect, useState, useSyncExternalStore } from "react";
import { SessionListClient, type SessionListState } from "perdure/client/list";

/** The list as it changes, and a way to see more of it. */
export interface Sessions extends SessionListState {
  readonly more: () => void;
}

/** Follows the session list of whoever is logged in, for as long as the page is there. */
export function useSessions(): Sessions {
  const [client] = useState(() => new SessionListClient());
  useEffect(() => {
    client.connect();
    return () => client.close();
  }, [client]);
  const state = useSyncExternalStore(client.subscribe, client.getState);
  return { ...state, more: () => client.more() };
}
