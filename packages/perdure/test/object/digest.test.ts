import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { canonicalJson, digestOf } from "../../src/object/index.ts";

test("a digest is the SHA-256 of the UTF-8 text, in hex", () => {
  // The example of FIPS 180-2, appendix B.1.
  expect(digestOf("abc")).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  const text = "é😀\0";
  expect(digestOf(text)).toBe(createHash("sha256").update(text, "utf8").digest("hex"));
});

test("A1 canonical JSON sorts keys by their UTF-16 units, at every depth", () => {
  // The example of RFC 8785, section 3.2.3.
  const value = {
    "€": "Euro Sign",
    "\r": "Carriage Return",
    "\ufb33": "Hebrew Letter Dalet With Dagesh",
    "1": "One",
    "😀": "Emoji: Grinning Face",
    "\u0080": "Control",
    ö: "Latin Small Letter O With Diaeresis",
  };
  expect(canonicalJson([{ value }])).toBe(
    `[{"value":{"\\r":"Carriage Return","1":"One","\u0080":"Control",` +
      `"ö":"Latin Small Letter O With Diaeresis","€":"Euro Sign","😀":"Emoji: Grinning Face",` +
      `"\ufb33":"Hebrew Letter Dalet With Dagesh"}}]`,
  );
});

test("A1 keys that are whole numbers are sorted as texts", () => {
  expect(canonicalJson({ 10: "b", 9: "a", "-1": "c" })).toBe('{"-1":"c","10":"b","9":"a"}');
});

test("A1 canonical JSON writes numbers, and leaves out what JSON does", () => {
  // From the example of RFC 8785, section 3.2.2.
  const value = { numbers: [333333333.3333333, 1e30, 4.5, 2e-3, 1e-27], gone: undefined };
  expect(canonicalJson(value)).toBe('{"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27]}');
  expect([canonicalJson(null), canonicalJson(undefined), canonicalJson([undefined])]).toEqual([
    "null",
    "null",
    "[null]",
  ]);
});
