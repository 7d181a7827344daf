import { useEffect, useState } from "react";
import type { JsonObject } from "perdure/protocol";
import { request } from "../http.ts";

/** Who works on a session's prompts: a runner that somebody starts, one that a gateway brings, or the session itself. */
export type Worker = "runner" | "gateway" | "session";

/** Who does where no runner is there; undefined until that is known. Asks once it matters. */
export function useWorker(session: string, matters: boolean): Worker | undefined {
  const [worker, setWorker] = useState<Worker>();
  useEffect(() => {
    if (!matters) return;
    const asking = new AbortController();
    const path = `/v1/sessions/${encodeURIComponent(session)}`;
    request("GET", path, undefined, asking.signal).then(
      (info) => setWorker(workerOf(info)),
      // Then a person is asked to start one.
      () => asking.signal.aborted || setWorker("runner"),
    );
    return () => asking.abort();
  }, [session, matters]);
  return worker;
}

function workerOf(info: JsonObject): Worker {
  if (info["runsTurns"] === true) return "session";
  return info["hasGateway"] === true ? "gateway" : "runner";
}
