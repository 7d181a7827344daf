/** What an object still knows when its memory is gone. */

/** Longest piece of a value that a message shows, in UTF-16 units. */
const MAX_SHOWN = 200;

/**
 * Looks, evicts, and looks again. Throws where the answer is another: then it was only in memory, and any deploy or idle minute
 * would have lost it too. Answers compare as JSON.
 *
 * @param look Asks the object, by a stub that it gets anew.
 * @param evict Takes the object out of memory: `() => evictDurableObject(stub)` of `cloudflare:test`, or of Wrangler's harness.
 * @returns The answer.
 */
export async function assertSurvivesEviction<T>(
  look: () => Promise<T>,
  evict: () => Promise<unknown>,
): Promise<T> {
  const before = await look();
  await evict();
  const after = await look();
  if (textOf(before) !== textOf(after))
    throw new Error(
      `Before the eviction it was ${shown(before)}, after it ${shown(after)}: it is only in memory. Write it with this.sql.`,
    );
  return after;
}

/** `undefined` is no JSON, and may be the answer. */
const textOf = (value: unknown): string => JSON.stringify(value) ?? "undefined";

function shown(value: unknown): string {
  const text = textOf(value);
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
}
