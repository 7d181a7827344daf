/** The secret that every request to an auth session object presents. */

import { PerdureError } from "../protocol/index.ts";
import { equalSecrets } from "./constant-time.ts";

/** Where a request has the secret: either header. */
const SECRET_HEADERS = ["x-session-do-secret", "x-lunora-session-do-secret"];

/** What of an object's `env` this is about. */
interface SecretsEnv {
  readonly SESSION_DO_SECRET?: unknown;
  /** Good as well while the other is changed. Without the other it is none. */
  readonly SESSION_DO_SECRET_PREVIOUS?: unknown;
}

/**
 * Throws `unauthorized` where a request presents none of the secrets. How long that takes tells nothing of them: each is compared,
 * also after one that fits, and where the request presents none.
 */
export async function checkSecret(headers: Headers, env: unknown): Promise<void> {
  const given = SECRET_HEADERS.map((name) => headers.get(name) ?? "");
  const compared = await Promise.all(
    secretsIn(env).flatMap((secret) => given.map((one) => equalSecrets(one, secret))),
  );
  if (compared.includes(true)) return;
  throw new PerdureError(
    "unauthorized",
    "The request does not present this object's secret: set SESSION_DO_SECRET, and send it in x-session-do-secret.",
  );
}

/** Throws `unauthorized` where an object has no secret: then it takes no calls either, so that a deploy without one is noticed. */
export function requireSecret(env: unknown): void {
  if (secretsIn(env).length > 0) return;
  throw new PerdureError("unauthorized", "This object has no secret: set SESSION_DO_SECRET.");
}

function secretsIn(env: unknown): readonly string[] {
  const { SESSION_DO_SECRET: current, SESSION_DO_SECRET_PREVIOUS: previous } = (env ??
    {}) as SecretsEnv;
  if (typeof current !== "string" || current === "") return [];
  return typeof previous === "string" && previous !== "" ? [current, previous] : [current];
}
