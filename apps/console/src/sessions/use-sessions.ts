import { useCallback, useEffect, useRef, useState } from "react";
import { request } from "../http.ts";
import { parseListings, type Listing } from "./listing.ts";

/** How often a visible page asks again, in milliseconds. */
const REFRESH_MS = 4000;

/** The list as last read, and what stood in the way of reading it again. */
export interface Sessions {
  /** Undefined until the first answer. */
  readonly listings: readonly Listing[] | undefined;
  readonly problem: unknown;
  readonly refresh: () => void;
}

/** Keeps the session list fresh while the page is visible, and at once when it becomes so. */
export function useSessions(): Sessions {
  const [listings, setListings] = useState<readonly Listing[]>();
  const [problem, setProblem] = useState<unknown>();
  const isReading = useRef(false);

  const read = useCallback(async () => {
    if (isReading.current) return;
    isReading.current = true;
    try {
      setListings(parseListings(await request("GET", "/v1/sessions")));
      setProblem(undefined);
    } catch (error) {
      setProblem(error);
    } finally {
      isReading.current = false;
    }
  }, []);

  const refresh = useCallback(() => void read(), [read]);

  useEffect(() => {
    const refreshIfVisible = () => {
      if (!document.hidden) refresh();
    };
    refreshIfVisible();
    const timer = setInterval(refreshIfVisible, REFRESH_MS);
    addEventListener("focus", refreshIfVisible);
    document.addEventListener("visibilitychange", refreshIfVisible);
    return () => {
      clearInterval(timer);
      removeEventListener("focus", refreshIfVisible);
      document.removeEventListener("visibilitychange", refreshIfVisible);
    };
  }, [refresh]);

  return { listings, problem, refresh };
}
