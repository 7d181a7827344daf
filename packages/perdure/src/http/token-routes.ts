/** Minting tokens, for a phone or a runner. */

import { Hono } from "hono/tiny";
import type { TokenClaims } from "../auth/index.ts";
import {
  EVERY_SESSION,
  MAX_SUBJECT_LENGTH,
  parseRole,
  signingSecret,
  signToken,
  verifyToken,
} from "../auth/index.ts";
import type { JsonObject, Role } from "../protocol/index.ts";
import { requireRole } from "./access.ts";
import { requireEverySession } from "./authenticate.ts";
import { badRequest, optionalText } from "./body.ts";
import { defined } from "./fields.ts";
import type { AppContext, AppEnv, AppOptions } from "./options.ts";
import { parseSessionId } from "./session-id.ts";
import { body, json } from "./typed-route.ts";

/** The longest that a token which was asked for over the network is good: thirty days. */
const MAX_LIFETIME_SECONDS = 30 * 24 * 60 * 60;

/** What it is good for where the request does not say: a week. */
const DEFAULT_LIFETIME_SECONDS = 7 * 24 * 60 * 60;

/** What to put into a token. */
export interface TokenBody {
  /** Id of one session, or `*`. */
  readonly session: string;
  readonly role: Role;
  /** Who will hold it; the caller by default. */
  readonly subject?: string;
  /** 1 to 2,592,000; a week by default. */
  readonly expiresInSeconds?: number;
}

/** `POST /tokens`. */
export function tokenRoutes<Env>(options: AppOptions<Env>) {
  return new Hono<AppEnv<Env>>().post(
    "/tokens",
    (c, next) => requireMinter(c, next),
    body(tokenOf),
    async (c) => {
      const { subject = c.var.claims.subject, expiresInSeconds, ...rest } = c.req.valid("json");
      const secrets = options.secrets(c.env);
      const token = await signToken(signingSecret(secrets), {
        ...rest,
        subject,
        expiresInSeconds: expiresInSeconds ?? DEFAULT_LIFETIME_SECONDS,
      });
      const minted: TokenClaims & { readonly token: string } = {
        token,
        ...(await verifyToken(secrets, token)),
      };
      return json(minted, 201);
    },
  );
}

async function requireMinter<Env>(c: AppContext<Env>, next: () => Promise<void>): Promise<void> {
  const { claims } = c.var;
  requireRole(claims.role, "mint-token");
  requireEverySession(claims);
  await next();
}

function tokenOf(body: JsonObject): TokenBody {
  const role = parseRole(body["role"]);
  if (role === undefined) throw badRequest("`role` is one of viewer, participant, runner, admin");
  const { session } = body;
  return {
    role,
    session: session === EVERY_SESSION ? session : parseSessionId(session),
    ...defined({
      subject: optionalText(body, "subject", MAX_SUBJECT_LENGTH),
      expiresInSeconds: lifetimeOf(body["expiresInSeconds"]),
    }),
  };
}

function lifetimeOf(value: unknown): number | undefined {
  if (value === undefined) return undefined;
  const isWhole = typeof value === "number" && Number.isInteger(value) && value > 0;
  if (!isWhole || value > MAX_LIFETIME_SECONDS)
    throw badRequest(`\`expiresInSeconds\` is a whole number from 1 to ${MAX_LIFETIME_SECONDS}`);
  return value;
}
