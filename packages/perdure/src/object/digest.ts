import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";

/**
 * SHA-256 of a text, in hex. Synchronous, because it is taken inside transactions, where nothing may be awaited and
 * WebCrypto can only promise.
 */
export function digestOf(text: string): string {
  return bytesToHex(sha256(utf8ToBytes(text)));
}

/** SHA-256 of a text that comes in pieces. */
export class RunningDigest {
  readonly #hash = sha256.create();

  /** Goes on with a piece. */
  add(text: string): void {
    this.#hash.update(utf8ToBytes(text));
  }

  /** The digest, in hex. Nothing can be added after it. */
  hex(): string {
    return bytesToHex(this.#hash.digest());
  }
}

/**
 * JSON with sorted keys and no white space, so that equal values have equal texts (RFC 8785, whose number and string
 * forms are those of `JSON.stringify`).
 */
export function canonicalJson(value: unknown): string {
  return write(JSON.parse(JSON.stringify(value ?? null)));
}

/** Writes keys itself, because an object lists keys that are whole numbers first, whatever order they were put in. */
function write(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(write).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const members = Object.entries(value)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, inner]) => `${JSON.stringify(key)}:${write(inner)}`);
  return `{${members.join(",")}}`;
}
