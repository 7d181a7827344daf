/** Addresses of the console: `/` lists the sessions, `/s/:id` shows one. */

import { useSyncExternalStore, type AnchorHTMLAttributes, type MouseEvent } from "react";

/** What an address shows. */
export type Route =
  | { readonly page: "home" }
  | { readonly page: "session"; readonly session: string }
  | { readonly page: "unknown" };

/** The route of a path. */
export function routeOf(path: string): Route {
  if (path === "/") return { page: "home" };
  const session = /^\/s\/([^/]+)\/?$/.exec(path)?.[1];
  if (session === undefined) return { page: "unknown" };
  try {
    return { page: "session", session: decodeURIComponent(session) };
  } catch {
    return { page: "unknown" };
  }
}

/** The path of one session. */
export function sessionPath(session: string): string {
  return `/s/${encodeURIComponent(session)}`;
}

const NAVIGATED = "perdure:navigated";

/** Goes to another page of the console without loading it anew. */
export function navigate(path: string): void {
  history.pushState(null, "", path);
  dispatchEvent(new Event(NAVIGATED));
}

function subscribe(listener: () => void): () => void {
  addEventListener("popstate", listener);
  addEventListener(NAVIGATED, listener);
  return () => {
    removeEventListener("popstate", listener);
    removeEventListener(NAVIGATED, listener);
  };
}

/** The current path; renders again when it changes. */
export function usePath(): string {
  return useSyncExternalStore(subscribe, () => location.pathname);
}

/** A link inside the console. A click with a modifier key is left to the browser. */
export function Link({
  href,
  children,
  ...rest
}: AnchorHTMLAttributes<HTMLAnchorElement> & { readonly href: string }) {
  const follow = (event: MouseEvent) => {
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey)
      return;
    event.preventDefault();
    navigate(href);
  };
  return (
    <a href={href} onClick={follow} {...rest}>
      {children}
    </a>
  );
}
