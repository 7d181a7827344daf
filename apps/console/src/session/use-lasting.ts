import { useEffect, useState } from "react";

/** Shorter breaks pass without a word, in milliseconds: the badges alone tell of them. */
export const NOTICED_MS = 2000;

/** Whether a condition has held for some time, in milliseconds. */
export function useLasting(holds: boolean, time: number): boolean {
  const [lasts, setLasts] = useState(false);
  useEffect(() => {
    if (!holds) return;
    const timer = setTimeout(() => setLasts(true), time);
    return () => {
      clearTimeout(timer);
      setLasts(false);
    };
  }, [holds, time]);
  return holds && lasts;
}
