import { setTimeout as sleep } from "node:timers/promises";

const POLL_MS = 20;

/** How long the Worker may take to close every connection. */
const DRAIN_TIMEOUT_MS = 2_000;

/** Resolves when the Worker answers that it is healthy; rejects when the signal says so. */
export async function untilHealthy(url: string, signal: AbortSignal): Promise<void> {
  while (!(await isHealthy(url, signal))) await sleep(POLL_MS, undefined, { signal });
}

async function isHealthy(url: string, signal: AbortSignal): Promise<boolean> {
  try {
    const response = await fetch(`${url}/health`, { signal });
    await response.body?.cancel();
    return response.status === 200;
  } catch (error) {
    if (signal.aborted) throw error;
    return false;
  }
}

/**
 * Asks the Worker to refuse new connections and to close those that are open with a code that tells clients to come back.
 * Resolves when it did, or after two seconds: whether it could is seen from how workerd ends.
 */
export async function requestDrain(url: string, adminSecret: string): Promise<void> {
  try {
    const response = await fetch(`${url}/_perdure/drain`, {
      method: "POST",
      headers: { authorization: `Bearer ${adminSecret}` },
      signal: AbortSignal.timeout(DRAIN_TIMEOUT_MS),
    });
    await response.body?.cancel();
  } catch {
    // It hangs or is gone: ending the process cuts the connections instead.
  }
}
