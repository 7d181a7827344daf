/** Comparing secrets without telling by the time how much of a guess was right. */

/**
 * Whether two secrets are equal, in a time that depends on neither's contents nor on the expected one's length. An empty
 * secret is none: nothing equals it.
 */
export async function equalSecrets(given: string, expected: string): Promise<boolean> {
  if (expected.length === 0) return false;
  const [left, right] = await Promise.all([digestOf(given), digestOf(expected)]);
  let difference = 0;
  for (const [index, byte] of left.entries()) difference |= byte ^ (right[index] ?? 0);
  return difference === 0;
}

async function digestOf(text: string): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
}
