/** What a component may ask of a session, as functions that can be passed on alone. */

import type { JsonObject } from "../protocol/index.ts";
import type { SessionActions } from "./session.ts";
import type { SessionStore } from "./session-store.ts";

/** @param store Looked up at each call: the one before may have been closed since. */
export function actionsOf(store: () => SessionStore): SessionActions {
  return {
    send: (prompt, options) => optional(store().run((client) => client.send(prompt, options))),
    cancel: (turn) => optional(store().run((client) => client.cancel(turn))),
    approve: (approval, option, reason) =>
      optional(store().run((client) => client.approve(approval, option, reason))),
    setMeta: (patch: JsonObject) => optional(store().run((client) => client.setMeta(patch))),
    pause: () => optional(store().run((client) => client.pause())),
    resume: () => optional(store().run((client) => client.resume())),
    terminate: () => optional(store().run((client) => client.terminate())),
    loadEarlier: () => store().loadEarlier(),
    reconnect: () => store().reconnect(),
  };
}

/** A promise that nobody needs to wait for: what it rejects with is in `error`, too. */
function optional<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}
