/** The key that signs every token: the UTF-8 bytes of one string. */

/** Shortest secret, in bytes: HS256 asks for a key as long as its hash (RFC 7518 §3.2). */
export const MIN_SECRET_BYTES = 32;

/** The secrets of a server: one, or several while one takes another's place. The first signs; all verify. */
export type Secrets = string | readonly string[];

/** The key of a secret. Throws a `RangeError` where it is too short. */
export function keyOf(secret: string): Uint8Array {
  const key = new TextEncoder().encode(secret);
  if (key.length < MIN_SECRET_BYTES)
    throw new RangeError(
      `The secret has ${key.length} bytes and needs at least ${MIN_SECRET_BYTES}: make a random one, for example with \`openssl rand -hex 32\`.`,
    );
  return key;
}

/** The secret that signs. Throws a `RangeError` where there is none. */
export function signingSecret(secrets: Secrets): string {
  const [first] = listOf(secrets);
  if (first === undefined)
    throw new RangeError("There is no secret to sign tokens with: configure at least one.");
  return first;
}

/** All secrets that verify, the one that signs first. */
export function listOf(secrets: Secrets): readonly string[] {
  return typeof secrets === "string" ? [secrets] : secrets;
}
