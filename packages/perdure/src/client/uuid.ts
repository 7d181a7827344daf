/**
 * A UUID of version 7 (RFC 9562, section 5.7): 48 bits of Unix time in milliseconds, then 74 random bits. Needs only
 * `crypto.getRandomValues`, which, unlike `crypto.randomUUID`, a page has without https too.
 *
 * @param now Milliseconds since 1970.
 */
export function uuidv7(now: number): string {
  const time = now.toString(16).padStart(12, "0");
  const random = Array.from(crypto.getRandomValues(new Uint16Array(5)), (word, index) =>
    // The second word begins with the variant: the bits 10.
    (index === 1 ? 0x8000 | (word & 0x3fff) : word).toString(16).padStart(4, "0"),
  );
  const [version = "", variant, ...node] = random;
  return `${time.slice(0, 8)}-${time.slice(8)}-7${version.slice(1)}-${variant}-${node.join("")}`;
}
