import { useEffect, useState } from "react";
import { request } from "../http.ts";

/** Whether a gateway is called where a session has no runner; undefined until that is known. Asks once it matters. */
export function useGateway(session: string, matters: boolean): boolean | undefined {
  const [hasGateway, setHasGateway] = useState<boolean>();
  useEffect(() => {
    if (!matters) return;
    const asking = new AbortController();
    const path = `/v1/sessions/${encodeURIComponent(session)}`;
    request("GET", path, undefined, asking.signal).then(
      (info) => setHasGateway(info["hasGateway"] === true),
      // Then nobody is told that one comes.
      () => asking.signal.aborted || setHasGateway(false),
    );
    return () => asking.abort();
  }, [session, matters]);
  return hasGateway;
}
