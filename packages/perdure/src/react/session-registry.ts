/** The sessions of this page: one store, and so one socket, for each, however many components show it. */

import type { SessionOptions } from "./session.ts";
import { SessionStore } from "./session-store.ts";
import { tokenKeyOf } from "./sharing.ts";

const stores = new Map<string, SessionStore>();

/** The store of a session; a new one where there is none. Not for a server, which would keep it for nobody. */
export function storeOf(options: SessionOptions): SessionStore {
  const key = keyOf(options);
  const known = stores.get(key);
  if (known !== undefined) return known;
  const store = new SessionStore(options, () => void stores.delete(key));
  stores.set(key, store);
  return store;
}

/** Sessions that are asked for in the same way are one. */
function keyOf({ name, url, token, create }: SessionOptions): string {
  return JSON.stringify([name, url, tokenKeyOf(token), create !== false]);
}
