/** What of a request is known to the manager, and to tools, while it is worked on. */

import { AsyncLocalStorage } from "node:async_hooks";
import type { ClientFacts } from "./kept-session.ts";

/** A request that `durableMcp` has a session for. */
export interface RequestContext {
  /** The session's id. */
  readonly id: string;
  /** What its client said of itself when the request came. */
  readonly facts: ClientFacts;
  /** What must be done before the request is answered. */
  readonly pending: Set<Promise<unknown>>;
  /** Ends the Server-Sent Events of this request towards its client. */
  readonly closeStream: (() => void) | undefined;
}

const storage = new AsyncLocalStorage<RequestContext>();

/** Works on a request. */
export function inRequest<T>(context: RequestContext, work: () => T): T {
  return storage.run(context, work);
}

/** Waits for what a request has had done, and for what comes of that: a notification goes to those whom a first call has found. */
export async function effectsOf({ pending }: Pick<RequestContext, "pending">): Promise<void> {
  while (pending.size > 0) await Promise.all(pending);
}

/** The request that is being worked on; undefined outside of `durableMcp`. */
export function currentRequest(): RequestContext | undefined {
  return storage.getStore();
}

/**
 * Ends the stream of the request that is being worked on, towards its client only: the client comes back for the rest, after the
 * time that `retry` told it (SEP-1699). A tool that takes long calls it, so that no connection stays open meanwhile. Without `durableMcp`
 * it does nothing.
 */
export function closeSseStream(): void {
  currentRequest()?.closeStream?.();
}
