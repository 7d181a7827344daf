/** Defaults for all sessions below it. */

import type { ReactElement, ReactNode } from "react";
import { createContext, createElement, useMemo } from "react";
import type { SessionDefaults } from "./session.ts";

/** What the nearest provider says. */
export const SessionContext = createContext<SessionDefaults>({});

/** Says once where sessions are and who asks. What a hook says itself counts before this. */
export function SessionProvider({
  url,
  token,
  create,
  children,
}: SessionDefaults & { readonly children?: ReactNode }): ReactElement {
  const value = useMemo(() => ({ url, token, create }), [url, token, create]);
  return createElement(SessionContext.Provider, { value }, children);
}
