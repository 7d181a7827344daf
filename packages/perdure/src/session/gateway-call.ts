/** One call to a gateway: signed, bounded in time, and of its answer the status alone. */

import type { Clock } from "../object/index.ts";
import type { GatewayCall } from "../protocol/index.ts";
import { PerdureError, signWebhook } from "../protocol/index.ts";
import type { GatewayPolicy } from "./gateway-policy.ts";
import { checkGatewayUrl } from "./gateway-policy.ts";

/** How long a gateway may take to answer, in milliseconds: it starts a process, and waits for none. */
export const GATEWAY_TIMEOUT_MS = 10_000;

/** Answers of 4xx after which the same call may be taken: a time-out, a conflict, too early, too many. */
const PASSING = new Set([408, 409, 425, 429]);

/** Answers that mean "not now" where they say when. */
const BUSY = new Set([429, 503]);

/** What became of a call. */
export type GatewayAnswer =
  /** A runner is on its way. */
  | { readonly kind: "taken" }
  /** The gateway is there and has no room before this many milliseconds from now. */
  | { readonly kind: "busy"; readonly reason: string; readonly afterMs: number }
  /** It may go better another time. */
  | { readonly kind: "failed"; readonly reason: string }
  /** It never will. */
  | { readonly kind: "refused"; readonly reason: string };

/** A call that is to be made. */
export interface OutgoingCall {
  readonly url: string;
  /** The waking's. */
  readonly id: string;
  readonly body: GatewayCall;
}

/** Calls a gateway. Never rejects. */
export async function callGateway(
  { url, id, body }: OutgoingCall,
  policy: GatewayPolicy,
  clock: Clock,
): Promise<GatewayAnswer> {
  const { secret, fetch: send = (request: Request) => fetch(request) } = policy;
  if (secret === undefined)
    return {
      kind: "refused",
      reason: "This server has no secret to sign calls with: set PERDURE_GATEWAY_SECRET.",
    };
  const late = new AbortController();
  // Unlike the signal of `AbortSignal.timeout` it can be stopped: a timer that runs keeps the object from hibernating.
  const stopTimer = clock.after(GATEWAY_TIMEOUT_MS, () => late.abort());
  try {
    const target = checkGatewayUrl(url, policy);
    const text = JSON.stringify(body);
    const signature = await signWebhook(secret, { id, sentAt: clock.now(), body: text });
    const response = await send(
      new Request(target, {
        method: "POST",
        headers: { "content-type": "application/json", ...signature },
        body: text,
        // Wherever a redirect leads, nobody has allowed it.
        redirect: "manual",
        signal: late.signal,
      }),
    );
    await response.body?.cancel();
    return answerOf(response, clock.now());
  } catch (error) {
    if (error instanceof PerdureError) return { kind: "refused", reason: error.message };
    // What a runtime says of a failed fetch may hold the address, which readers of the log need not know.
    const reason = late.signal.aborted
      ? `The gateway did not answer within ${GATEWAY_TIMEOUT_MS / 1000} s.`
      : "The gateway could not be reached.";
    return { kind: "failed", reason };
  } finally {
    stopTimer();
  }
}

function answerOf({ status, headers }: Response, now: number): GatewayAnswer {
  if (status >= 200 && status < 300) return { kind: "taken" };
  const reason = REASONS[status] ?? `The gateway answered with HTTP status ${status}.`;
  const afterMs = retryAfter(headers.get("retry-after"), now);
  if (BUSY.has(status) && afterMs !== undefined) return { kind: "busy", reason, afterMs };
  // A platform that follows no redirect may hide its status behind 0.
  const isFinal = status < 500 && !PASSING.has(status);
  return { kind: isFinal ? "refused" : "failed", reason };
}

const REASONS: Readonly<Record<number, string>> = {
  401: "The gateway does not take this server's signature (HTTP status 401): both need the same secret, and the right time.",
  403: "The gateway does not permit the folder that this session asks for (HTTP status 403).",
  404: "At the gateway's address there is none, or it has not got the folder or agent of this session (HTTP status 404).",
  410: "The gateway is gone for good (HTTP status 410).",
  429: "The gateway has no room at the moment (HTTP status 429).",
  503: "The gateway has no room at the moment (HTTP status 503).",
};

/** What a `Retry-After` asks for (RFC 9110 §10.2.3), in milliseconds; undefined where it says nothing that is understood. */
function retryAfter(header: string | null, now: number): number | undefined {
  if (header === null) return undefined;
  if (/^\d{1,9}$/.test(header.trim())) return Number(header) * 1000;
  const at = Date.parse(header);
  return Number.isNaN(at) ? undefined : Math.max(0, at - now);
}
