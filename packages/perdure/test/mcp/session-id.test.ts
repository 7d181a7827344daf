import { expect, test } from "vitest";
import { isSessionId, mintSessionId, verifySessionId } from "../../src/mcp/session-id.ts";
import { mintId, verifyId } from "../../src/mcp/signed-id.ts";

const SECRET = "a secret of this test, 32 bytes or more";

test("F100 a session id is 32 random bytes, a dot and a signature of 16 bytes, in base64url", async () => {
  const id = await mintSessionId(SECRET);
  expect(id).toMatch(/^[\w-]{43}\.[\w-]{22}$/);
  expect(await mintSessionId(SECRET)).not.toBe(id);
  expect(await verifySessionId(SECRET, id)).toBe(true);
});

test("F100 the signature is the first half of an HMAC-SHA-256", async () => {
  const [random, signature] = (await mintSessionId(SECRET)).split(".");
  const bytes = new TextEncoder();
  const key = await crypto.subtle.importKey(
    "raw",
    bytes.encode(SECRET),
    { name: "HMAC", hash: "SHA-256" },
    false,
    ["sign"],
  );
  const whole = await crypto.subtle.sign("HMAC", key, bytes.encode(`session:${random}`));
  expect(Buffer.from(signature ?? "", "base64url")).toEqual(Buffer.from(whole).subarray(0, 16));
});

test("F101 an id with any character changed is refused", async () => {
  const id = await mintSessionId(SECRET);
  for (let index = 0; index < id.length; index += 1) {
    const other = id[index] === "A" ? "B" : "A";
    const forged = id.slice(0, index) + other + id.slice(index + 1);
    expect(await verifySessionId(SECRET, forged)).toBe(false);
  }
});

test("F101 an id is one text only: another spelling of the same bytes is refused", async () => {
  const id = await mintSessionId(SECRET);
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  const last = alphabet.indexOf(id.at(-1) ?? "");
  const spelling = id.slice(0, -1) + alphabet[last + 1];
  expect(Buffer.from(spelling.slice(44), "base64url")).toEqual(
    Buffer.from(id.slice(44), "base64url"),
  );
  expect(await verifySessionId(SECRET, spelling)).toBe(false);
});

test.each(["", ".", "a", "a.b", `${"A".repeat(43)}.`, `${"A".repeat(43)}.${"A".repeat(22)}`])(
  "F101 %j is refused",
  async (id) => {
    expect(await verifySessionId(SECRET, id)).toBe(false);
  },
);

test("F101 an id is refused with additions, and by another secret", async () => {
  const id = await mintSessionId(SECRET);
  for (const forged of [`${id}A`, `${id}=`, ` ${id}`, `${id}\n`, `${id}.${id}`, id.slice(1)])
    expect(await verifySessionId(SECRET, forged)).toBe(false);
  expect(await verifySessionId(`${SECRET}!`, id)).toBe(false);
});

test("F102 the id of a handle is none of a session, and the other way round", async () => {
  expect(await verifySessionId(SECRET, await mintId("handle", SECRET))).toBe(false);
  expect(await verifyId("handle", SECRET, await mintSessionId(SECRET))).toBe(false);
});

test("F103 a secret has 32 bytes or more", async () => {
  await expect(mintSessionId("x".repeat(31))).rejects.toThrow("needs at least 32");
  await expect(mintSessionId("ä".repeat(16))).resolves.toBeTypeOf("string");
});

test("F104 an id that is given may be any visible ASCII of up to 256 characters", () => {
  expect(isSessionId("!")).toBe(true);
  expect(isSessionId("~".repeat(256))).toBe(true);
  expect(isSessionId("~".repeat(257))).toBe(false);
  for (const text of ["", " ", "a b", "a\n", "\x7f", "ä", "a\0", "\u{1f600}"])
    expect(isSessionId(text)).toBe(false);
});
