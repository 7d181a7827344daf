import { setTimeout as sleep } from "node:timers/promises";

/** Far above what anything takes that a test waits for, in milliseconds. */
const LONGEST_WAIT_MS = 30_000;

const POLL_MS = 20;

/** Asks until there is a value: anything but undefined, null and false. Throws, with the name of what did not come. */
export async function until<T>(
  what: string,
  find: () => T | Promise<T>,
  longestWaitMs = LONGEST_WAIT_MS,
): Promise<Exclude<T, undefined | null | false>> {
  const end = performance.now() + longestWaitMs;
  for (;;) {
    const found = await find();
    if (isThere(found)) return found;
    if (performance.now() > end) throw new Error(`Waited in vain until ${what}.`);
    await sleep(POLL_MS);
  }
}

function isThere<T>(value: T): value is Exclude<T, undefined | null | false> {
  return value !== undefined && value !== null && value !== false;
}
