import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { jwtVerify } from "jose";
import { PerdureError } from "perdure/protocol";
import { expect, onTestFinished, test, vi } from "vitest";
import { chooseOption } from "../../src/commands/approve.ts";
import { mintToken, resolveToken, serverUrl, sessionId } from "../../src/commands/connection.ts";
import { CommandFailure, describeFailure, EXIT, exitCodeOf } from "../../src/commands/failure.ts";
import { duration } from "../../src/commands/token.ts";

const SECRET = "a secret of more than thirty-two bytes";

/** What a token says, once its signature, audience and expiry are checked. */
async function claimsOf(token: string | undefined) {
  const key = new TextEncoder().encode(SECRET);
  const options = { algorithms: ["HS256"], audience: "perdure" };
  return (await jwtVerify(token ?? "", key, options)).payload;
}

function makeDir(): string {
  const dir = mkdtempSync(join(tmpdir(), "perdure-options-test-"));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  writeFileSync(join(dir, "secret"), `${SECRET}\n`);
  return dir;
}

test("a token that is made from the secret has every claim that the server asks for", async () => {
  const token = await mintToken(SECRET, { role: "runner", session: "s", expiresInSeconds: 60 });
  const { iat = 0, ...claims } = await claimsOf(token);
  expect(claims).toEqual({
    sub: "owner",
    ses: "s",
    role: "runner",
    aud: "perdure",
    // A token says to the millisecond when it was made, so that a revocation knows which were there before it.
    exp: Math.floor(iat) + 60,
    jti: expect.any(String),
  });
  const forever = await mintToken(SECRET, { role: "admin", expiresInSeconds: null });
  expect(await claimsOf(forever)).toMatchObject({ ses: "*", role: "admin" });
  expect((await claimsOf(forever)).exp).toBeUndefined();
});

test("the token that was given most directly wins", async () => {
  const dir = makeDir();
  const tokenFile = join(dir, "token");
  writeFileSync(tokenFile, "from the file\n");
  const url = "http://localhost:1";
  vi.stubEnv("PERDURE_TOKEN", "from the environment");
  onTestFinished(() => void vi.unstubAllEnvs());
  const need = { role: "viewer" } as const;
  expect(await resolveToken({ url, dir, tokenFile, token: "given" }, need)).toBe("given");
  expect(await resolveToken({ url, dir, tokenFile }, need)).toBe("from the file");
  expect(await resolveToken({ url, dir }, need)).toBe("from the environment");
});

test("a token is made from the local secret for this machine alone", async () => {
  const dir = makeDir();
  vi.stubEnv("PERDURE_TOKEN", "");
  onTestFinished(() => void vi.unstubAllEnvs());
  for (const url of ["http://127.0.0.1:8787", "http://localhost:1/", "http://[::1]:1"]) {
    const token = await resolveToken({ url, dir }, { role: "viewer", session: "s" });
    expect(await claimsOf(token)).toMatchObject({ role: "viewer", ses: "s" });
  }
  for (const url of ["https://example.com", "http://127.0.0.1.example.com", "http://10.0.0.1"]) {
    expect(await resolveToken({ url, dir }, { role: "viewer" })).toBeUndefined();
  }
  const elsewhere = join(dir, "nowhere");
  expect(await resolveToken({ url: "http://localhost", dir: elsewhere }, { role: "viewer" })).toBe(
    undefined,
  );
});

test.each(["", "a/b", "..", "a b", "x".repeat(65)])("%j is no session's id", (id) => {
  expect(() => sessionId(id)).toThrow(CommandFailure);
});

test.each(["nowhere", "ftp://host", "ws://host"])("%j is no server's address", (url) => {
  expect(() => serverUrl(url)).toThrow(CommandFailure);
});

test.each([
  ["90s", 90],
  ["30m", 1_800],
  ["12h", 43_200],
  ["7d", 604_800],
  ["never", "never"],
])("a token may last %s", (text, seconds) => {
  expect(duration(text)).toBe(seconds);
});

test.each(["", "0s", "5", "-1d", "1w", "1.5h"])("a token cannot last %j", (text) => {
  expect(() => duration(text)).toThrow(CommandFailure);
});

test("allow and reject choose the option that reaches least far; an id chooses itself", () => {
  const options = [
    { id: "always", name: "Always", kind: "allow_always" },
    { id: "once", name: "Once", kind: "allow_once" },
    { id: "never", name: "Never", kind: "reject_always" },
  ] as const;
  expect(chooseOption(options, "allow")?.id).toBe("once");
  expect(chooseOption(options, "reject")?.id).toBe("never");
  expect(chooseOption(options, "always")?.id).toBe("always");
  expect(chooseOption(options, "perhaps")).toBeUndefined();
});

test("a problem is one line that begins with its code, and has its exit code", () => {
  const problem = new PerdureError("session_not_found", "There is none.");
  expect(describeFailure(problem)).toBe("session_not_found: There is none.");
  expect(exitCodeOf(problem)).toBe(EXIT.notFound);
  expect(exitCodeOf(new CommandFailure("Taken over.", EXIT.fenced))).toBe(7);
  expect(exitCodeOf(new Error("unforeseen"))).toBe(EXIT.failed);
});
