/** The sessions of this page: one store, and so one socket, for each, however many components show it. */

import type { SessionOptions } from "./session.ts";
import { SessionStore } from "./session-store.ts";

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

/** Sessions that are asked for in the same way are one. Of a token that is a function, which one it is makes no difference. */
function keyOf({ name, url, token, create }: SessionOptions): string {
  const who = typeof token === "string" ? token : typeof token;
  return JSON.stringify([name, url, typeof token, who, create !== false]);
}
