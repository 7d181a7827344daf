/** Digests by which one run of a query tells its result from the one before: quick, and 53 bits wide. */

/** The digest of a text under a shard's own seed, without which nobody can look for two texts with the same one. */
export function quickDigest(text: string, seed: number): number {
  let a = seed | 0;
  let b = ~seed;
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    a = Math.imul(((a << 5) | (a >>> 27)) ^ unit, 0x9e3779b1);
    b = Math.imul(((b << 9) | (b >>> 23)) ^ unit, 0x85ebca77);
  }
  return (mixed(a ^ (b >>> 15)) & 0x1fffff) * 2 ** 32 + mixed(b ^ (a >>> 13) ^ text.length);
}

/** Each bit of the answer depends on every bit of the number (the finalizer of MurmurHash3). */
function mixed(number: number): number {
  let value = number;
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
  return (value ^ (value >>> 16)) >>> 0;
}
