import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { newSessionToken, RECORD_ROUTES } from "../../src/auth/record-routes.ts";

const DOCUMENT = readFileSync(join(import.meta.dirname, "../../../../docs/PROTOCOL.md"), "utf8");

test("the document has every path of an auth session with its method and no other", () => {
  const [, section = ""] = DOCUMENT.split("\n## Q: auth sessions\n");
  const rows = (section.split(/\n#+ /)[0] ?? "").matchAll(/^\| `(\/[\w-]+)` \| ([A-Z]+) \|/gm);
  const documented = [...rows].map(([, path, method]) => [path, method]);
  const served = Object.entries(RECORD_ROUTES).map(([path, [method]]) => [path, method]);
  expect(documented).toEqual(served);
});

test("Q6 a token that is made is 256 bits at random", () => {
  const tokens = Array.from({ length: 200 }, newSessionToken);
  expect(new Set(tokens).size).toBe(200);
  for (const token of tokens) {
    expect(token).toMatch(/^[\w-]{43}$/);
    expect(Buffer.from(token, "base64url")).toHaveLength(32);
  }
});
