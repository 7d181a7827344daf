import { SignJWT } from "jose";
import { expect, test } from "vitest";
import { signInvitation, signToken, verifyInvitation, verifyToken } from "../../src/auth/index.ts";

const SECRET = "a secret of more than thirty-two bytes";

const INVITATION = {
  id: "invitation-1",
  session: "s1",
  role: "viewer",
  expiresAt: (Math.floor(Date.now() / 1000) + 60) * 1000,
} as const;

test("P4 an invitation's link says which session, which role, and until when", async () => {
  const token = await signInvitation(SECRET, INVITATION);
  expect(await verifyInvitation(SECRET, token)).toEqual(INVITATION);
  expect(await verifyInvitation(["another secret of thirty-two bytes", SECRET], token)).toEqual(
    INVITATION,
  );
});

test("P4 an invitation opens no session, and a token of a session is no invitation", async () => {
  const token = await signInvitation(SECRET, INVITATION);
  await expect(verifyToken(SECRET, token)).rejects.toMatchObject({ code: "unauthorized" });
  const other = await signToken(SECRET, {
    subject: "ada",
    session: "s1",
    role: "viewer",
    expiresInSeconds: 60,
  });
  await expect(verifyInvitation(SECRET, other)).rejects.toMatchObject({ code: "unauthorized" });
});

test.for([
  ["an expired one", { exp: 1 }],
  ["one of a runner", { role: "runner" }],
  ["one without a session", { ses: 7 }],
])("P4 %s is refused", async ([, change]) => {
  const token = await new SignJWT({
    ses: "s1",
    role: "viewer",
    aud: "perdure:invitation",
    jti: "i",
    exp: Math.floor(Date.now() / 1000) + 60,
    ...(change as object),
  })
    .setProtectedHeader({ alg: "HS256" })
    .sign(new TextEncoder().encode(SECRET));
  await expect(verifyInvitation(SECRET, token)).rejects.toMatchObject({ code: "unauthorized" });
});

test("P4 what is no token at all is refused and repeated nowhere", async () => {
  const text = '"><script>alert(1)</script>';
  const error: unknown = await verifyInvitation(SECRET, text).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: "unauthorized" });
  expect(String(error)).not.toContain("script");
});
