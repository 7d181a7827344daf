import { SignJWT } from "jose";
import { afterEach, expect, test, vi } from "vitest";
import { identityOf, opensSession, signToken, verifyToken } from "../../src/auth/index.ts";

const SECRET = "a secret of more than thirty-two bytes";
const OTHER_SECRET = "another secret, of thirty-two bytes+";
const REQUEST = {
  subject: "ada",
  session: "s1",
  role: "participant",
  expiresInSeconds: 60,
} as const;

afterEach(() => {
  vi.useRealTimers();
});

/** A token with any claims, signed as ours are. */
const forge = (claims: Record<string, unknown>, secret = SECRET, alg = "HS256") =>
  new SignJWT(claims).setProtectedHeader({ alg }).sign(new TextEncoder().encode(secret));

const encode = (value: unknown) => btoa(JSON.stringify(value)).replaceAll("=", "");

const COMPLETE = { sub: "ada", ses: "s1", role: "viewer", aud: "perdure", jti: "j", iat: 1 };

test("a token says who holds it, for which session, in which role, and until when", async () => {
  vi.setSystemTime(1_700_000_000_000);
  const claims = await verifyToken(SECRET, await signToken(SECRET, REQUEST));
  expect(claims).toEqual({
    subject: "ada",
    session: "s1",
    role: "participant",
    expiresAt: 1_700_000_060_000,
    issuedAt: 1_700_000_000_000,
    id: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
  });
  expect(identityOf(claims)).toEqual({
    subject: "ada",
    role: "participant",
    expiresAt: 1_700_000_060_000,
    token: { id: claims.id, issuedAt: 1_700_000_000_000 },
  });
});

test("P6 a token that is made a millisecond after a revocation was issued after it", async () => {
  vi.setSystemTime(1_700_000_000_500);
  const token = await signToken(SECRET, { ...REQUEST, invitation: "i1" });
  const claims = await verifyToken(SECRET, token);
  expect(claims).toMatchObject({ issuedAt: 1_700_000_000_500, invitation: "i1" });
  expect(claims.expiresAt).toBe(1_700_000_060_000);
  expect(identityOf(claims).token).toMatchObject({ invitation: "i1" });
});

test("a token never expires only where that was said", async () => {
  vi.setSystemTime(1_700_000_000_000);
  const token = await signToken(SECRET, { ...REQUEST, expiresInSeconds: null });
  vi.setSystemTime(4_000_000_000_000);
  expect((await verifyToken(SECRET, token)).expiresAt).toBeNull();
});

test("an expired token is refused, and the error does not repeat it", async () => {
  vi.setSystemTime(1_700_000_000_000);
  const token = await signToken(SECRET, REQUEST);
  vi.setSystemTime(1_700_000_061_000);
  const error: unknown = await verifyToken(SECRET, token).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({
    code: "unauthorized",
    message: expect.stringContaining("expired"),
  });
  expect(JSON.stringify(error) + String(error)).not.toContain(token.split(".")[2]);
});

test("a token outlives the change of the secret while the old one is still listed", async () => {
  const token = await signToken(OTHER_SECRET, REQUEST);
  await expect(verifyToken([SECRET, OTHER_SECRET], token)).resolves.toMatchObject({
    subject: "ada",
  });
  await expect(verifyToken([SECRET], token)).rejects.toMatchObject({ code: "unauthorized" });
});

test.for([
  ["for the login page", { ...COMPLETE, aud: "perdure:login" }],
  ["without an audience", { ...COMPLETE, aud: undefined }],
  ["without a subject", { ...COMPLETE, sub: undefined }],
  ["of a subject past 256 characters", { ...COMPLETE, sub: "x".repeat(257) }],
  ["without a session", { ...COMPLETE, ses: undefined }],
  ["of an unknown role", { ...COMPLETE, role: "root" }],
  ["without an id", { ...COMPLETE, jti: undefined }],
  ["without a time of issue", { ...COMPLETE, iat: undefined }],
] as const)("a token %s is refused", async ([, claims]) => {
  await expect(verifyToken(SECRET, await forge(claims))).rejects.toMatchObject({
    code: "unauthorized",
  });
});

test("a token that is signed with another algorithm is refused", async () => {
  const secret = `${SECRET} ${SECRET}`;
  const token = await forge(COMPLETE, secret, "HS512");
  await expect(verifyToken(secret, token)).rejects.toMatchObject({ code: "unauthorized" });
});

test("an unsigned token is refused", async () => {
  const token = `${encode({ alg: "none" })}.${encode(COMPLETE)}.`;
  await expect(verifyToken(SECRET, token)).rejects.toMatchObject({ code: "unauthorized" });
});

test.for(["", "x", "a.b.c", "ü".repeat(2_000)])("garbage %# is refused", async (token) => {
  await expect(verifyToken(SECRET, token)).rejects.toMatchObject({ code: "unauthorized" });
});

test("a secret below 32 bytes is an error of configuration and signs nothing", async () => {
  await expect(signToken("too short", REQUEST)).rejects.toThrow(/at least 32/);
  await expect(verifyToken("too short", "a.b.c")).rejects.toThrow(RangeError);
});

test("a token opens its own session and no other, and `*` opens every one", async () => {
  const one = await verifyToken(SECRET, await signToken(SECRET, REQUEST));
  const all = await verifyToken(SECRET, await signToken(SECRET, { ...REQUEST, session: "*" }));
  expect([opensSession(one, "s1"), opensSession(one, "s2")]).toEqual([true, false]);
  expect([opensSession(all, "s1"), opensSession(all, "s2")]).toEqual([true, true]);
});
