import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createPrivateFile, isErrorCode } from "./private-file.ts";
import { ServeError } from "./serve-error.ts";

/** Bytes of randomness in a secret, and the least that a key of HS256 may have (RFC 7518 §3.2). */
const SECRET_BYTES = 32;

/** A new random secret, as base64url text. */
export function createSecret(): string {
  return randomBytes(SECRET_BYTES).toString("base64url");
}

/**
 * The secret in a file; the file is made where there is none. Throws `bad_secret` where the file holds something shorter
 * than 32 bytes.
 */
export function openSecret(path: string): string {
  return readSecret(path) ?? makeSecret(path);
}

/**
 * The secret that a server on this data folder and a gateway share: `PERDURE_GATEWAY_SECRET`, or a file that the first of the
 * two to start makes. Throws `bad_secret` as {@link openSecret} does.
 */
export function gatewaySecret(dir: string): string {
  return process.env["PERDURE_GATEWAY_SECRET"] || openSecret(join(dir, "gateway-secret"));
}

/** The secret in a file, or undefined where there is no file. Throws `bad_secret` as {@link openSecret} does. */
export function readSecret(path: string): string | undefined {
  const text = readIfPresent(path)?.trim();
  if (text !== undefined && Buffer.byteLength(text) < SECRET_BYTES)
    throw new ServeError(
      "bad_secret",
      `The file ${path} holds ${Buffer.byteLength(text)} bytes and a secret has at least ${SECRET_BYTES}: remove the file to get a new secret (everyone then has to log in again).`,
    );
  return text;
}

function makeSecret(path: string): string {
  const secret = createSecret();
  if (createPrivateFile(path, `${secret}\n`)) return secret;
  // Another process was faster, and its secret counts.
  return openSecret(path);
}

function readIfPresent(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (isErrorCode(error, "ENOENT")) return undefined;
    throw error;
  }
}
