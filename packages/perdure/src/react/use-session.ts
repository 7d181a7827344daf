/** The hooks. */

import type { ClientState } from "../client/index.ts";
import type { JsonObject } from "../protocol/index.ts";
import { PerdureError } from "../protocol/index.ts";
import type { Session, SessionOptions } from "./session.ts";
import { useSessionSource } from "./session-source.ts";
import { useSelected } from "./use-selected.ts";

/** A hook that gives a whole session, or what a function selects of it. */
interface UseSession {
  /**
   * @template State The shape of the session's metadata; nothing checks that it has it.
   * @returns The session. Another object after each change of it, so with every piece of text that arrives.
   */
  <State extends object = JsonObject>(options: SessionOptions): Session<State>;
  /**
   * @param select What the component needs. It renders again only when that is another value.
   * @param isEqual When two values are the same one. Default: `Object.is`; `shallow` for new lists and objects.
   */
  <State extends object = JsonObject, Selected = unknown>(
    options: SessionOptions,
    select: (session: Session<State>) => Selected,
    isEqual?: (a: Selected, b: Selected) => boolean,
  ): Selected;
}

type Select = (session: Session) => unknown;

/**
 * Connects to a session for as long as the component is there, and shares the connection with every other component that
 * asks for the same one. A session that does not exist is created, where the token may.
 *
 * On a server, and until a page has taken over what the server drew, the session is empty and `link` is `idle`.
 *
 * Throws a `PerdureError` `bad_request` where the page has no usable URL or WebSocket; all other problems are in `error`.
 */
export const useSession: UseSession = ((
  options: SessionOptions,
  select: Select = whole,
  isEqual = Object.is,
) => useSelected(useSessionSource(options).session, select, isEqual)) as UseSession;

/** The same hook, for those who know it by this name. */
export const useAgent: UseSession = useSession;

/**
 * As `useSession`, for a component within a `Suspense`: it waits until the session is here, and throws the `PerdureError`
 * that keeps it from coming, for an error boundary. What happens later is in `link` and `error`.
 *
 * On a server it throws, so that the nearest `Suspense` sends its fallback: a session is read in the page alone.
 */
export const useSuspenseSession: UseSession = ((
  options: SessionOptions,
  select: Select = whole,
  isEqual = Object.is,
) => {
  const source = useSessionSource(options);
  if (typeof window === "undefined")
    throw new PerdureError("unavailable", "A session is read in the page: put a Suspense around.");
  const store = source.store();
  if (!store.isReady) {
    const { link, error } = store.session;
    if (link === "closed" && error !== undefined) throw error;
    // This is how a component waits, in React 18 and 19 alike.
    // oxlint-disable-next-line typescript/only-throw-error
    throw store.whenReady();
  }
  return useSelected(source.session, select, isEqual);
}) as UseSession;

/**
 * All that the client of a session knows, for what a `Session` has no name for: its cursor, its outbox, the turns that are
 * open. Shares the connection of `useSession` with the same options.
 */
export function useClientState(options: SessionOptions): ClientState {
  return useSelected(useSessionSource(options).state, whole, Object.is);
}

const whole = <T>(value: T): T => value;
