/** Who is there: a login token from a URL becomes a cookie, and each request shows the cookie. */

import { signToken, tokenAuthenticator, verifyLoginToken } from "perdure/auth";
import { problemResponse } from "perdure/object";

const COOKIE = "live-board";

/** Thirty days. */
const LIFETIME_SECONDS = 30 * 24 * 60 * 60;

/** `GET /login?token=…`: your own login page would end here, too. */
export async function login(request: Request, env: Env): Promise<Response> {
  const url = new URL(request.url);
  try {
    const { subject } = await verifyLoginToken(
      env.PERDURE_SECRET,
      url.searchParams.get("token") ?? "",
    );
    const token = await signToken(env.PERDURE_SECRET, {
      subject,
      session: "*",
      role: "participant",
      expiresInSeconds: LIFETIME_SECONDS,
    });
    const secure = url.protocol === "https:" ? "; Secure" : "";
    const cookie = `${COOKIE}=${token}; Path=/; HttpOnly; SameSite=Lax; Max-Age=${LIFETIME_SECONDS}${secure}`;
    const headers = { location: "/", "set-cookie": cookie, "referrer-policy": "no-referrer" };
    return new Response(null, { status: 303, headers });
  } catch (error) {
    return problemResponse(error);
  }
}

/** Who a request's cookie says it is from; null where it has none. Throws `unauthorized` for one that is not good. */
export const authenticate = tokenAuthenticator<Env>((env) => env.PERDURE_SECRET, {
  cookieName: () => COOKIE,
});
