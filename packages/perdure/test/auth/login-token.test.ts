import { SignJWT } from "jose";
import { expect, test, vi } from "vitest";
import { equalSecrets, signLoginToken, signToken, verifyLoginToken } from "../../src/auth/index.ts";

const SECRET = "a secret of more than thirty-two bytes";

const login = (claims: Record<string, unknown>) =>
  new SignJWT(claims).setProtectedHeader({ alg: "HS256" }).sign(new TextEncoder().encode(SECRET));

const inAnHour = Math.floor(Date.now() / 1000) + 3_600;

test("a login token names who logs in", async () => {
  const token = await login({ sub: "owner", aud: "perdure:login", exp: inAnHour });
  expect(await verifyLoginToken(SECRET, token)).toEqual({ subject: "owner" });
});

test("a login token that was signed here is good for a week", async () => {
  const token = await signLoginToken(SECRET, "owner");
  expect(await verifyLoginToken(SECRET, token)).toEqual({ subject: "owner" });
  vi.setSystemTime(Date.now() + 7 * 24 * 3_600_000 + 1_000);
  await expect(verifyLoginToken(SECRET, token)).rejects.toMatchObject({ code: "unauthorized" });
  vi.useRealTimers();
});

test.for([
  ["without an end", { sub: "owner", aud: "perdure:login" }],
  ["past its end", { sub: "owner", aud: "perdure:login", exp: 1 }],
  ["of nobody", { aud: "perdure:login", exp: inAnHour }],
] as const)("a login token %s is refused", async ([, claims]) => {
  await expect(verifyLoginToken(SECRET, await login(claims))).rejects.toMatchObject({
    code: "unauthorized",
  });
});

test("a token for sessions does not log in", async () => {
  const token = await signToken(SECRET, {
    subject: "owner",
    session: "*",
    role: "admin",
    expiresInSeconds: 60,
  });
  await expect(verifyLoginToken(SECRET, token)).rejects.toMatchObject({ code: "unauthorized" });
});

test("secrets are equal or not, whatever their lengths", async () => {
  expect(await equalSecrets("same", "same")).toBe(true);
  expect(await equalSecrets("same", "sane")).toBe(false);
  expect(await equalSecrets("same", "same and more")).toBe(false);
  expect(await equalSecrets("", "same")).toBe(false);
  expect(await equalSecrets("", "")).toBe(false);
});
