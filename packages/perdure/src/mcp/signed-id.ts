/** Ids that only this server can make: random, and signed, so that a guess is refused before any object is touched. */

import { base64url } from "jose";

/** Random bytes of an id: 256 bits. */
const RANDOM_BYTES = 32;

/** Bytes of the signature that an id carries: half of HMAC-SHA-256, 128 bits (RFC 2104 §5 allows no less than half). */
const SIGNATURE_BYTES = 16;

/** Shortest secret, in UTF-8 bytes: as long as the hash (RFC 2104 §3). */
const MIN_SECRET_BYTES = 32;

/** An id: 43 characters of base64url, a dot, 22 characters of base64url. */
const SHAPE = /^([\w-]{43})\.[\w-]{22}$/;

/** What an id is of: one of a session is none of a handle. */
export type IdPurpose = "session" | "handle";

/**
 * A new id: base64url of 32 random bytes, a dot, and base64url of the first 16 bytes of an HMAC-SHA-256 over its purpose and its
 * random part. Throws a `RangeError` where the secret is shorter than 32 bytes.
 */
export async function mintId(purpose: IdPurpose, secret: string): Promise<string> {
  return signed(
    purpose,
    secret,
    base64url.encode(crypto.getRandomValues(new Uint8Array(RANDOM_BYTES))),
  );
}

/**
 * Whether `mintId` made this id for this purpose with this secret. Takes as long for a signature that is nearly right as for any other. Throws a
 * `RangeError` where the secret is shorter than 32 bytes.
 */
export async function verifyId(purpose: IdPurpose, secret: string, id: string): Promise<boolean> {
  const [, random] = SHAPE.exec(id) ?? [];
  if (random === undefined) return false;
  const expected = await signed(purpose, secret, random);
  // Texts are compared, not bytes: several texts of base64url are the same bytes, and each would name another object.
  let difference = id.length ^ expected.length;
  for (let index = 0; index < expected.length; index += 1)
    difference |= id.charCodeAt(index) ^ expected.charCodeAt(index);
  return difference === 0;
}

async function signed(purpose: IdPurpose, secret: string, random: string): Promise<string> {
  const encoder = new TextEncoder();
  const bytes = encoder.encode(secret);
  if (bytes.length < MIN_SECRET_BYTES)
    throw new RangeError(
      `The secret of session ids has ${bytes.length} bytes and needs at least ${MIN_SECRET_BYTES}: make a random one, for example with \`openssl rand -hex 32\`.`,
    );
  const key = await crypto.subtle.importKey(
    "raw",
    bytes,
    { name: "HMAC", hash: "SHA-256" },
    false,
    ["sign"],
  );
  const signature = await crypto.subtle.sign("HMAC", key, encoder.encode(`${purpose}:${random}`));
  return `${random}.${base64url.encode(new Uint8Array(signature, 0, SIGNATURE_BYTES))}`;
}
