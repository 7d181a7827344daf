import type { Clock } from "../object/index.ts";
import { PerdureError } from "../protocol/index.ts";

/** What a promise settles with, or `unavailable` where it takes longer. No timer is left behind: one would keep an object awake. */
export async function within<T>(
  milliseconds: number,
  clock: Clock,
  promise: Promise<T>,
): Promise<T> {
  const late = Promise.withResolvers<never>();
  const cancel = clock.after(milliseconds, () =>
    late.reject(new PerdureError("unavailable", `There was no answer within ${milliseconds} ms.`)),
  );
  try {
    return await Promise.race([promise, late.promise]);
  } finally {
    cancel();
  }
}
