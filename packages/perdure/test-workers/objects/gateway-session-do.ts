import type { GatewayPolicy } from "../../src/session/index.ts";
import { SessionDO } from "../../src/session/index.ts";
import { parseGatewayCall, verifyWebhook } from "../../src/protocol/index.ts";
import type { GatewayCall } from "../../src/protocol/index.ts";

const SECRET = `whsec_${btoa("a secret of a gateway: more than 32 bytes")}`;

/** Calls of a session's gateway, as it verified them; the memory of objects that call is another. */
const calls = new Map<string, { readonly id: string; readonly data: GatewayCall["data"] }[]>();

/** HTTP statuses that a session's gateway answers, call by call; 202 when there are none left. */
export const answers = new Map<string, number[]>();

/** What the gateway heard of a session so far. */
export const callsFor = (session: string) => calls.get(session) ?? [];

/** A session with a gateway, which is in no hurry and has no patience. */
export class GatewaySessionDO extends SessionDO {
  protected override gateways(): GatewayPolicy {
    return {
      default: { url: "https://box.example/" },
      secret: SECRET,
      schedule: { graceMs: 100, attempts: 3, firstWaitMs: 20, longestWaitMs: 20, helloMs: 60_000 },
      fetch: take,
    };
  }
}

async function take(request: Request): Promise<Response> {
  const body = await request.text();
  const id = await verifyWebhook(SECRET, request.headers, body, Date.now());
  const { data } = parseGatewayCall(body);
  calls.set(data.session, [...callsFor(data.session), { id, data }]);
  return new Response(null, { status: answers.get(data.session)?.shift() ?? 202 });
}
