import { useEffect } from "react";

/** The key that opens and closes the inspector, as `aria-keyshortcuts` writes it. */
export const INSPECTOR_KEY = "Alt+I";

/** Listens for the inspector's key on the whole page. */
export function useInspectorKey(toggle: () => void): void {
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      // By its place on the keyboard: with Alt some layouts write another letter.
      if (!event.altKey || event.ctrlKey || event.metaKey || event.code !== "KeyI") return;
      event.preventDefault();
      toggle();
    };
    addEventListener("keydown", onKeyDown);
    return () => removeEventListener("keydown", onKeyDown);
  }, [toggle]);
}
