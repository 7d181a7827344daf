import { createHmac } from "node:crypto";
import { expect, test } from "vitest";
import { signWebhook, verifyWebhook } from "../../src/protocol/index.ts";

const NOW = 1_790_000_000_000;
const KEY = Buffer.alloc(32, 7);
const SECRET = `whsec_${KEY.toString("base64")}`;
const CALL = { id: "wk_1", sentAt: NOW, body: '{"a":1}' };

const headersOf = async (change: Record<string, string> = {}) =>
  new Headers({ ...(await signWebhook(SECRET, CALL)), ...change });

test("G3 the signature is the one of Standard Webhooks: HMAC-SHA256 over id, seconds and body", async () => {
  const headers = await signWebhook(SECRET, CALL);
  const expected = createHmac("sha256", KEY).update(`wk_1.1790000000.{"a":1}`).digest("base64");
  expect(headers).toEqual({
    "webhook-id": "wk_1",
    "webhook-timestamp": "1790000000",
    "webhook-signature": `v1,${expected}`,
  });
  expect(await verifyWebhook(SECRET, new Headers(headers), CALL.body, NOW)).toBe("wk_1");
});

test("G14 of several signatures one that is right is enough", async () => {
  const headers = await headersOf();
  headers.set(
    "webhook-signature",
    `v1,AAAA v2,${"x".repeat(44)} ${headers.get("webhook-signature")}`,
  );
  expect(await verifyWebhook(SECRET, headers, CALL.body, NOW)).toBe("wk_1");
});

test.each([
  ["another body", {}, '{"a":2}', NOW],
  ["another id", { "webhook-id": "wk_2" }, CALL.body, NOW],
  ["another time", { "webhook-timestamp": "1790000001" }, CALL.body, NOW],
  ["a time that is none", { "webhook-timestamp": "now" }, CALL.body, NOW],
  ["no version", { "webhook-signature": "AAAA" }, CALL.body, NOW],
  ["no base64", { "webhook-signature": "v1,%" }, CALL.body, NOW],
  ["six minutes later", {}, CALL.body, NOW + 360_000],
  ["six minutes earlier", {}, CALL.body, NOW - 360_000],
])("G14 a call is refused with %s", async (_what, change, body, now) => {
  const verified = verifyWebhook(SECRET, await headersOf(change), body, now);
  await expect(verified).rejects.toMatchObject({ code: "unauthorized" });
});

test("G14 a call without headers, or of another secret, is refused", async () => {
  const none = verifyWebhook(SECRET, new Headers(), CALL.body, NOW);
  await expect(none).rejects.toMatchObject({ code: "unauthorized" });
  const other = verifyWebhook("x".repeat(32), await headersOf(), CALL.body, NOW);
  await expect(other).rejects.toMatchObject({ code: "unauthorized" });
});

test.each(["short", "whsec_c2hvcnQ=", "whsec_%%%"])(
  "a secret of fewer than 32 bytes signs nothing: %s",
  async (secret) => {
    await expect(signWebhook(secret, CALL)).rejects.toMatchObject({ code: "bad_request" });
  },
);
