/** Who may be in a session: invitations, and taking back what tokens allow. */

import { Hono } from "hono/tiny";
import { MAX_SUBJECT_LENGTH, signingSecret, signInvitation } from "../auth/index.ts";
import type { JsonObject } from "../protocol/index.ts";
import type { Invitation, InvitationRequest, Revocation } from "../session/index.ts";
import type { Access, SessionRouteEnv } from "./access.ts";
import { badRequest, optionalText } from "./body.ts";
import { defined } from "./fields.ts";
import { valueOf } from "../session/index.ts";
import { body, json } from "./typed-route.ts";

/** How long an invitation is good where the request does not say, in seconds: a day. */
const DEFAULT_LIFETIME_SECONDS = 24 * 60 * 60;

/** The longest that an invitation is good, in seconds: a year. */
const MAX_LIFETIME_SECONDS = 365 * 24 * 60 * 60;

/** Whom to invite. */
export interface InvitationBody {
  readonly role: InvitationRequest["role"];
  /** 1 to 31,536,000; a day by default. What is given is good as long. */
  readonly expiresInSeconds?: number;
  /** How many people may accept it, 1 to 1,000; any number by default. */
  readonly uses?: number;
}

/** What to take back: exactly one of `token`, `invitation` and `subject`. */
export interface RevocationBody {
  /** Id of a token (`jti`). */
  readonly token?: string;
  /** When that token expires, in milliseconds since 1970; without it the revocation is remembered for ever. */
  readonly expiresAt?: number;
  readonly invitation?: string;
  /** All tokens that the subject was issued up to now. */
  readonly subject?: string;
}

/** `GET` and `POST /sessions/:id/invitations`, `POST /sessions/:id/revocations`. */
export function sharingRoutes(access: Access) {
  return new Hono<SessionRouteEnv>()
    .get("/sessions/:id/invitations", access.allow("share"), async (c) => {
      const { call, identity } = c.var.perdure;
      return json({ invitations: valueOf(await call((stub) => stub.invitations(identity))) });
    })
    .post(
      "/sessions/:id/invitations",
      access.allow("share"),
      body<InvitationRequest, InvitationBody>(invitationOf),
      async (c) => {
        const secrets = access.secretsOf(c);
        const { id: session, call, identity } = c.var.perdure;
        const request = c.req.valid("json");
        const invitation = valueOf(await call((stub) => stub.invite(identity, request)));
        const token = await signInvitation(signingSecret(secrets), { ...invitation, session });
        const link = `${new URL(c.req.url).origin}/join?token=${token}`;
        const made: Invitation & { readonly token: string; readonly link: string } = {
          ...invitation,
          token,
          link,
        };
        return json(made, 201);
      },
    )
    .post(
      "/sessions/:id/revocations",
      access.allow("share"),
      body<Revocation, RevocationBody>(revocationOf),
      async (c) => {
        const { call, identity } = c.var.perdure;
        const revocation = c.req.valid("json");
        return json(valueOf(await call((stub) => stub.revoke(identity, revocation))));
      },
    );
}

function invitationOf(body: JsonObject): InvitationRequest {
  const { role } = body;
  if (role !== "viewer" && role !== "participant")
    throw badRequest("`role` is viewer or participant");
  const seconds =
    wholeOf(body, "expiresInSeconds", MAX_LIFETIME_SECONDS) ?? DEFAULT_LIFETIME_SECONDS;
  // In whole seconds, as the link says it.
  const expiresAt = (Math.floor(Date.now() / 1000) + seconds) * 1000;
  return { role, expiresAt, ...defined({ uses: wholeOf(body, "uses", 1_000) }) };
}

function revocationOf(body: JsonObject): Revocation {
  const token = optionalText(body, "token", 128);
  const invitation = optionalText(body, "invitation", 128);
  const subject = optionalText(body, "subject", MAX_SUBJECT_LENGTH);
  const named = [token, invitation, subject].filter((one) => one !== undefined);
  if (named.length !== 1) throw badRequest("name one of `token`, `invitation` and `subject`");
  if (invitation !== undefined) return { invitation };
  if (subject !== undefined) return { subject };
  return {
    token: token ?? "",
    ...defined({ expiresAt: wholeOf(body, "expiresAt", Number.MAX_SAFE_INTEGER) }),
  };
}

function wholeOf(body: JsonObject, field: string, most: number): number | undefined {
  const value = body[field];
  if (value === undefined) return undefined;
  if (typeof value === "number" && Number.isSafeInteger(value) && value > 0 && value <= most)
    return value;
  throw badRequest(`\`${field}\` is a whole number from 1 to ${most}`);
}
