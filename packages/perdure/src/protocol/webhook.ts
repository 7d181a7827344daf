/**
 * Signatures of calls between servers, as the Standard Webhooks specification has them: HMAC-SHA256 over id, time and body,
 * in the headers `webhook-id`, `webhook-timestamp` and `webhook-signature`.
 */

import { PerdureError } from "./errors.ts";

/** How far a call's time may be from the receiver's clock, in milliseconds: the specification's five minutes. */
export const WEBHOOK_TOLERANCE_MS = 5 * 60 * 1000;

/** Fewest bytes of a secret: what SHA-256 has of output (RFC 2104 §3), and what the specification asks for at least. */
const SECRET_BYTES = 32;

const SECRET_PREFIX = "whsec_";

/** One call. */
export interface Webhook {
  /** The same for every attempt at one call. */
  readonly id: string;
  /** Milliseconds since 1970; a header carries whole seconds. */
  readonly sentAt: number;
  /** The very text that is sent. */
  readonly body: string;
}

/**
 * The headers that sign a call.
 *
 * @param secret `whsec_` and base64, as the specification has it; or any other text of at least 32 bytes.
 * @throws PerdureError `bad_request` where the secret is too short.
 */
export async function signWebhook(
  secret: string,
  { id, sentAt, body }: Webhook,
): Promise<Record<"webhook-id" | "webhook-timestamp" | "webhook-signature", string>> {
  const timestamp = String(Math.floor(sentAt / 1000));
  const signature = await crypto.subtle.sign(
    "HMAC",
    await keyOf(secret, "sign"),
    signedContent(id, timestamp, body),
  );
  return {
    "webhook-id": id,
    "webhook-timestamp": timestamp,
    "webhook-signature": `v1,${toBase64(new Uint8Array(signature))}`,
  };
}

/**
 * Verifies a call; returns its id. One of several signatures is enough, so that secrets can be rotated.
 *
 * @param now Milliseconds since 1970.
 * @throws PerdureError `unauthorized` where a header is missing, the time is more than five minutes away, or no signature is right.
 */
export async function verifyWebhook(
  secret: string,
  headers: { get(name: string): string | null },
  body: string,
  now: number,
): Promise<string> {
  const id = headers.get("webhook-id");
  const timestamp = headers.get("webhook-timestamp");
  const signatures = headers.get("webhook-signature");
  if (id === null || timestamp === null || signatures === null || !/^\d{1,12}$/.test(timestamp))
    throw refused("it is not signed");
  if (Math.abs(Number(timestamp) * 1000 - now) > WEBHOOK_TOLERANCE_MS)
    throw refused("its time is more than five minutes from this clock");
  const key = await keyOf(secret, "verify");
  const content = signedContent(id, timestamp, body);
  for (const signature of signatures.split(" ")) {
    const bytes = signature.startsWith("v1,") ? fromBase64(signature.slice(3)) : undefined;
    if (bytes !== undefined && (await crypto.subtle.verify("HMAC", key, bytes, content))) return id;
  }
  throw refused("its signature is made with another secret");
}

/** The bytes that sign. @throws PerdureError `bad_request` where there are fewer than 32. */
export function webhookKey(secret: string): Uint8Array<ArrayBuffer> {
  const bytes = secret.startsWith(SECRET_PREFIX)
    ? fromBase64(secret.slice(SECRET_PREFIX.length))
    : new Uint8Array(new TextEncoder().encode(secret));
  if (bytes === undefined || bytes.length < SECRET_BYTES)
    throw new PerdureError(
      "bad_request",
      `The secret of a gateway is \`whsec_\` and the base64 of at least ${SECRET_BYTES} bytes, or a text of as many.`,
    );
  return bytes;
}

function keyOf(secret: string, use: "sign" | "verify"): Promise<CryptoKey> {
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  return crypto.subtle.importKey("raw", webhookKey(secret), algorithm, false, [use]);
}

const signedContent = (id: string, timestamp: string, body: string) =>
  new TextEncoder().encode(`${id}.${timestamp}.${body}`);

const toBase64 = (bytes: Uint8Array) => btoa(String.fromCharCode(...bytes));

function fromBase64(text: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  } catch {
    return undefined;
  }
}

const refused = (why: string) => new PerdureError("unauthorized", `The call was refused: ${why}.`);
