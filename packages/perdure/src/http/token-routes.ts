/** Minting tokens, for a phone or a runner. */

import {
  EVERY_SESSION,
  MAX_SUBJECT_LENGTH,
  parseRole,
  signingSecret,
  signToken,
  verifyToken,
} from "../auth/index.ts";
import { requireEverySession, requireRole } from "./access.ts";
import { badRequest, optionalText, readJson } from "./body.ts";
import type { App, AppOptions } from "./options.ts";
import { json, resource } from "./resource.ts";
import { parseSessionId } from "./session-id.ts";

/** The longest that a token which was asked for over the network is good: thirty days. */
const MAX_LIFETIME_SECONDS = 30 * 24 * 60 * 60;

/** What it is good for where the request does not say: a week. */
const DEFAULT_LIFETIME_SECONDS = 7 * 24 * 60 * 60;

/** Adds `POST /v1/tokens`: `{session, role, subject?, expiresInSeconds?}` → `{token, …claims}`. */
export function addTokenRoutes<Env>(app: App<Env>, options: AppOptions<Env>): void {
  resource(app, "/v1/tokens", {
    POST: async (c) => {
      requireRole(c, "mint-token");
      requireEverySession(c);
      const body = await readJson(c.req.raw);
      const role = parseRole(body["role"]);
      if (role === undefined)
        throw badRequest("`role` is one of viewer, participant, runner, admin");
      const session = body["session"];
      const secrets = options.secrets(c.env);
      const token = await signToken(signingSecret(secrets), {
        subject: optionalText(body, "subject", MAX_SUBJECT_LENGTH) ?? c.get("claims").subject,
        session: session === EVERY_SESSION ? session : parseSessionId(session),
        role,
        expiresInSeconds: lifetimeOf(body["expiresInSeconds"]),
      });
      return json({ token, ...(await verifyToken(secrets, token)) }, 201);
    },
  });
}

function lifetimeOf(value: unknown): number {
  if (value === undefined) return DEFAULT_LIFETIME_SECONDS;
  const isWhole = typeof value === "number" && Number.isInteger(value) && value > 0;
  if (!isWhole || value > MAX_LIFETIME_SECONDS)
    throw badRequest(`\`expiresInSeconds\` is a whole number from 1 to ${MAX_LIFETIME_SECONDS}`);
  return value;
}
