import { afterEach, expect, test, vi } from "vitest";
import { equalSecrets } from "../../src/auth/constant-time.ts";
import { checkSecret } from "../../src/auth/shared-secret.ts";

const ENV = { SESSION_DO_SECRET: "current", SESSION_DO_SECRET_PREVIOUS: "previous" };

/** What was digested: each comparison digests both sides, whatever they are. */
const digests = () => {
  const spy = vi.spyOn(crypto.subtle, "digest");
  return () =>
    spy.mock.calls.map(([, data]) => new TextDecoder().decode(data as Uint8Array)).toSorted();
};

afterEach(() => {
  vi.restoreAllMocks();
});

test.each([
  ["the current secret", { "x-session-do-secret": "current" }],
  ["the previous secret", { "x-session-do-secret": "previous" }],
  ["a wrong secret", { "x-session-do-secret": "wrong" }],
  ["a wrong one in the other header", { "x-lunora-session-do-secret": "wrong" }],
  ["none", {}],
])("Q2 with %s as many comparisons are made", async (_what, headers: Record<string, string>) => {
  const seen = digests();
  await checkSecret(new Headers(headers), ENV).catch(() => {});
  // Two headers, each with both secrets: four comparisons of two sides.
  expect(seen()).toHaveLength(8);
  expect(seen().filter((text) => text === "current").length).toBeGreaterThanOrEqual(2);
  expect(seen().filter((text) => text === "previous").length).toBeGreaterThanOrEqual(2);
});

test("Q2 secrets are compared by digests of one length, to the last byte", async () => {
  expect(await equalSecrets("current", "current")).toBe(true);
  for (const guess of ["", "c", "currenT", "Current", "current ", "x".repeat(10_000)])
    expect(await equalSecrets(guess, "current")).toBe(false);
  expect(await equalSecrets("", "")).toBe(false);
});

test.each([
  {},
  { SESSION_DO_SECRET: "" },
  { SESSION_DO_SECRET: undefined },
  { SESSION_DO_SECRET: 5 },
  { SESSION_DO_SECRET_PREVIOUS: "previous" },
  undefined,
])("Q1 with %j there is no secret that opens", async (env) => {
  for (const secret of ["", "previous", "undefined", "5"])
    await expect(
      checkSecret(new Headers({ "x-session-do-secret": secret }), env),
    ).rejects.toMatchObject({ code: "unauthorized" });
});
