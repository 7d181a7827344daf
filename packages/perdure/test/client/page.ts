/** What a client asks of the page around it. */

import { vi } from "vitest";

/** Stands in for `document`, `localStorage` and the window's events, until the test ends. */
export function stubPage(storage = {} as Storage) {
  const document = Object.assign(new EventTarget(), { visibilityState: "visible" });
  const window = new EventTarget();
  vi.stubGlobal("document", document);
  vi.stubGlobal("localStorage", storage);
  vi.stubGlobal("addEventListener", window.addEventListener.bind(window));
  vi.stubGlobal("removeEventListener", window.removeEventListener.bind(window));
  return {
    goOnline: () => window.dispatchEvent(new Event("online")),
    show: (visibilityState: "visible" | "hidden") => {
      document.visibilityState = visibilityState;
      document.dispatchEvent(new Event("visibilitychange"));
    },
  };
}
