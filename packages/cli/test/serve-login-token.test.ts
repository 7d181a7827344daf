import { verifyLoginToken } from "perdure/auth/tokens";
import { decodeJwt } from "jose";
import { expect, test } from "vitest";
import { signLoginToken } from "../src/serve/login-token.ts";
import { createSecret } from "../src/serve/secret.ts";

const SEVEN_DAYS = 7 * 24 * 60 * 60;

test("The login page takes the token as the owner's", async () => {
  const secret = createSecret();
  const token = await signLoginToken(secret);
  expect(await verifyLoginToken(secret, token)).toEqual({ subject: "owner" });
});

test("Another server's login page does not take it", async () => {
  const token = await signLoginToken(createSecret());
  await expect(verifyLoginToken(createSecret(), token)).rejects.toMatchObject({
    code: "unauthorized",
  });
});

test("A login token is good for seven days", async () => {
  const token = await signLoginToken(createSecret(), 1_800_000_000_000);
  expect(decodeJwt(token)).toEqual({
    sub: "owner",
    aud: "perdure:login",
    iat: 1_800_000_000,
    exp: 1_800_000_000 + SEVEN_DAYS,
  });
});
