/**
 * Accepting an invitation. Opening its link shows a page and uses nothing up, because programs that preview links open them
 * too; joining is a `POST`.
 */

import { Hono } from "hono/tiny";
import type { InvitationClaims, TokenClaims } from "../auth/index.ts";
import { verifyInvitation } from "../auth/index.ts";
import { checkOrigin } from "../object/index.ts";
import { PerdureError } from "../protocol/index.ts";
import { badRequest, parseJson, readText } from "./body.ts";
import { credentialOf } from "./credential.ts";
import { claimsIn, claimsOf, guestsOf, LOGIN_SECONDS } from "./logins.ts";
import type { AppContext, AppEnv, AppOptions } from "./options.ts";
import { valueOf } from "../session/index.ts";
import type { SessionGate } from "./session-gate.ts";
import { json } from "./typed-route.ts";

/** Longest name that a guest may give, in UTF-16 units. */
const MAX_NAME_LENGTH = 60;

/** The link holds the token: no other site is told of it, and nothing keeps it. */
const LEAVE_NO_TRACE = { "referrer-policy": "same-origin", "cache-control": "no-store" };

/** The page runs nothing, loads nothing, and stands in no other page's frame. */
const PAGE_HEADERS = {
  ...LEAVE_NO_TRACE,
  "content-type": "text/html; charset=utf-8",
  "content-security-policy":
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  "x-content-type-options": "nosniff",
};

/** `GET` and `POST /join`. */
export function joinRoutes<Env>(options: AppOptions<Env>, gate: SessionGate) {
  return new Hono<AppEnv<Env>>()
    .get("/join", async (c) => {
      const token = c.req.query("token") ?? "";
      guestsOf(c, options);
      const { role } = await verifyInvitation(options.secrets(c.env), token);
      return c.body(page(token, role), 200, PAGE_HEADERS);
    })
    .post("/join", async (c) => {
      const isForm = !/^application\/json\b/i.test(c.req.header("content-type") ?? "");
      // A form of a foreign page would have a person join what that page wants.
      if (isForm) checkOrigin(c.req.raw, options.allowedOrigins?.(c.env), true);
      const { token, name } = await readAcceptance(c.req.raw, isForm);
      const invitation = await verifyInvitation(options.secrets(c.env), token);
      const holder = await loggedIn(c, options);
      const path = `/s/${invitation.session}`;
      // Whoever is logged in here may see every session.
      if (isForm && holder !== undefined) return c.body(null, 303, { location: path });
      const subject = holder?.subject ?? guestOf(name);
      const { role, expiresAt } = valueOf(
        await gate.admit(invitation.session, options.maxActiveSessions?.(c.env), () =>
          options.sessions(c.env).getByName(invitation.session).join(invitation.id, subject),
        ),
      );
      const { id, session } = invitation;
      const leftSeconds = Math.floor((expiresAt - Date.now()) / 1000);
      const login = await guestsOf(c, options, session).issue(c.req.raw, c.env, {
        userId: subject,
        ttlSeconds: Math.max(1, Math.min(LOGIN_SECONDS, leftSeconds)),
        fields: { session, role, invitation: id, until: expiresAt },
      });
      if (isForm) return c.body(null, 303, { ...login.headers, location: path, ...LEAVE_NO_TRACE });
      const joined: TokenClaims & { readonly token: string } = {
        ...claimsIn(login.session),
        token: login.token,
      };
      return json(joined, 201);
    });
}

/** Who the request is from, where it carries a good token. */
async function loggedIn<Env>(
  c: AppContext<Env>,
  options: AppOptions<Env>,
): Promise<TokenClaims | undefined> {
  const credential = credentialOf(c, options);
  if (credential === undefined) return undefined;
  try {
    return await claimsOf(c, options, credential);
  } catch (error) {
    if (error instanceof PerdureError) return undefined;
    throw error;
  }
}

/** A guest is nobody else, whatever the name. */
function guestOf(name: string): string {
  const id = crypto.randomUUID().slice(0, 8);
  return name === "" ? `guest:${id}` : `guest:${id}:${name}`;
}

async function readAcceptance(
  request: Request,
  isForm: boolean,
): Promise<{ readonly token: string; readonly name: string }> {
  const text = await readText(request);
  const fields = isForm
    ? Object.fromEntries(new URLSearchParams(text))
    : { ...(parseJson(text) as Readonly<Record<string, unknown>>) };
  const { token = "", name = "" } = fields;
  if (typeof token !== "string" || typeof name !== "string")
    throw badRequest("`token` and `name` are strings");
  const trimmed = name.trim().replaceAll(/\s+/g, " ");
  if (trimmed.length > MAX_NAME_LENGTH)
    throw badRequest(`\`name\` has at most ${MAX_NAME_LENGTH} characters`);
  return { token, name: trimmed };
}

/** A token that was verified holds letters, digits, dots, hyphens and underscores. */
const page = (token: string, role: InvitationClaims["role"]) => `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Join a session</title>
<style>
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 24rem; margin: 4rem auto; padding: 0 1rem; color-scheme: light dark }
input, button { font: inherit; padding: 0.5rem; width: 100%; box-sizing: border-box; margin-top: 0.5rem }
</style>
<h1>Join a session</h1>
<p>You are invited ${role === "viewer" ? "to watch a session" : "to take part in a session"}.</p>
<form method="post" action="/join">
<input type="hidden" name="token" value="${token}">
<label>Your name, as others see it <input name="name" maxlength="${MAX_NAME_LENGTH}" autocomplete="nickname"></label>
<button>Join</button>
</form>
</html>
`;
