import type { GatewayCall } from "../../src/protocol/index.ts";
import { parseGatewayCall, verifyWebhook } from "../../src/protocol/index.ts";
import type { GatewayPolicy } from "../../src/session/index.ts";
import { OWNER, SessionWorld } from "../support/session-world.ts";

export const GATEWAY = "https://box.example/gateway";

export const GATEWAY_SECRET = "a secret of a gateway with more than 32 bytes";

/** A call as the gateway got it. */
export interface ReceivedCall {
  readonly id: string;
  readonly url: string;
  readonly call: GatewayCall;
}

/** A gateway whose answers a test chooses. A call with a signature that is not right throws. */
export class FakeGateway {
  readonly calls: ReceivedCall[] = [];
  /** What it answers, call by call; the last goes on. An error is a gateway that is not there. */
  answers: (Response | Error)[] = [new Response(null, { status: 202 })];
  /** Called while a call is under way. */
  meanwhile: () => Promise<void> = async () => {};
  /** Its clock, in milliseconds since 1970. */
  now: () => number = Date.now;

  policy(change: Partial<GatewayPolicy> = {}): GatewayPolicy {
    return {
      default: { url: GATEWAY },
      secret: GATEWAY_SECRET,
      fetch: (request) => this.#take(request),
      ...change,
    };
  }

  /** A world with a session whose gateway this is. */
  async world(change: Partial<GatewayPolicy> = {}): Promise<SessionWorld> {
    const world = new SessionWorld(this.policy(change));
    this.now = () => world.clock.now();
    await world.session.create(OWNER, { id: "s1" });
    return world;
  }

  get attempts(): readonly number[] {
    return this.calls.map(({ call }) => call.data.attempt);
  }

  async #take(request: Request): Promise<Response> {
    const body = await request.text();
    const id = await verifyWebhook(GATEWAY_SECRET, request.headers, body, this.now());
    this.calls.push({ id, url: request.url, call: parseGatewayCall(body) });
    await this.meanwhile();
    const answer = this.answers.length > 1 ? this.answers.shift() : this.answers[0];
    if (answer instanceof Error) throw answer;
    return answer?.clone() ?? new Response();
  }
}

/** Lets the next timer of waking ring; answers how long that took, in milliseconds, or undefined where there is none. */
export async function nextAttempt(world: SessionWorld): Promise<number | undefined> {
  const due = world.dueAt("perdure:waking");
  if (due === undefined) return undefined;
  const wait = Math.max(0, due - world.clock.now());
  world.clock.advance(wait);
  await world.ring();
  return wait;
}
