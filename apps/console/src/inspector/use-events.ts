import { useEffect, useState } from "react";
import { request, sentenceOf } from "../http.ts";
import { parseEvents, type EventLines } from "../session/log-page.ts";

/** How many positions back the inspector looks. Merged deltas take one position each. */
const WINDOW = 200;

/** Least time between two reads, in milliseconds. */
const PAUSE_MS = 1000;

/** The log's last entries, read again as the cursor moves on. */
export function useEvents(
  session: string,
  cursor: number,
): EventLines & { readonly problem: string | undefined } {
  const [page, setPage] = useState<EventLines>({ lines: [], head: undefined, floor: undefined });
  const [problem, setProblem] = useState<string>();
  const [floor, setFloor] = useState(0);
  const step = useThrottled(cursor);

  useEffect(() => {
    const reading = new AbortController();
    const after = Math.max(floor, step - WINDOW, 0);
    const path = `/v1/sessions/${encodeURIComponent(session)}/events?after=${after}`;
    request("GET", path, undefined, reading.signal).then(
      (answer) => {
        const read = parseEvents(answer);
        setPage(read);
        setFloor(read.floor ?? 0);
        return setProblem(undefined);
      },
      (error: unknown) => reading.signal.aborted || setProblem(sentenceOf(error)),
    );
    return () => reading.abort();
  }, [session, step, floor]);

  return { ...page, problem };
}

/** A number that follows another, but not more often than once in a pause. */
function useThrottled(value: number): number {
  const [shown, setShown] = useState(value);
  useEffect(() => {
    if (value === shown) return;
    const timer = setTimeout(() => setShown(value), PAUSE_MS);
    return () => clearTimeout(timer);
    // A timer that is running must not start anew with each value.
    // oxlint-disable-next-line react/exhaustive-deps
  }, [shown, value === shown]);
  return shown;
}
