import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { createServer } from "node:http";
import type { RunnerWanted } from "perdure/protocol";
import { parseGatewayCall, PerdureError, verifyWebhook } from "perdure/protocol";
import { Refusal } from "./refusal.ts";
import { TakenCalls } from "./taken-calls.ts";

/** Largest body of a call, in bytes: a session's id and a few paths. */
const MAX_BODY_BYTES = 64 * 1024;

/** How long a caller may take to send its call, in milliseconds. */
const REQUEST_TIMEOUT_MS = 10_000;

/** What a gateway's server needs. */
export interface GatewayServerOptions {
  /** Verifies calls. */
  readonly secret: string;
  /** Has a runner running; answers whether it had to be started. @throws Refusal */
  readonly onWanted: (wanted: RunnerWanted) => Promise<boolean>;
  /** Receives a line for each call. */
  readonly log: (line: string) => void;
  /** File of the calls that were taken; without one they are forgotten with this process. */
  readonly callsFile?: string | undefined;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

/** The HTTP server of a gateway: `POST /` is a call, `GET /health` says that it is there. It does not listen yet. */
export function gatewayServer(options: GatewayServerOptions): Server {
  const { now = Date.now } = options;
  const taken = new TakenCalls(now, options.callsFile);
  const server = createServer((request, response) => {
    void answer(request, options, taken, now).then((status) => respond(response, status));
  });
  server.requestTimeout = REQUEST_TIMEOUT_MS;
  server.headersTimeout = REQUEST_TIMEOUT_MS;
  return server;
}

type Answer = Pick<Refusal, "retryAfter"> & { readonly status: number };

async function answer(
  request: IncomingMessage,
  options: GatewayServerOptions,
  taken: TakenCalls,
  now: () => number,
): Promise<Answer> {
  try {
    const path = new URL(request.url ?? "/", "http://gateway").pathname;
    if (request.method === "GET" && path === "/health") return done(200);
    if (path !== "/") throw new Refusal(404, "nothing is at that path");
    if (request.method !== "POST") return done(405);
    return done(await take(request, options, taken, now));
  } catch (error) {
    if (error instanceof Refusal) {
      options.log(`a call was refused (${error.status}): ${error.message}`);
      return error;
    }
    options.log(`a call failed: ${error instanceof Error ? error.message : String(error)}`);
    return done(500);
  }
}

const done = (status: number): Answer => ({ status, retryAfter: undefined });

async function take(
  request: IncomingMessage,
  { secret, onWanted, log }: GatewayServerOptions,
  taken: TakenCalls,
  now: () => number,
): Promise<number> {
  const body = await bodyOf(request);
  const headers = new Headers(
    Object.entries(request.headers).map(
      ([name, value]) => [name, String(value)] as [string, string],
    ),
  );
  const id = await asRefusal(401, () => verifyWebhook(secret, headers, body, now()));
  const { data } = await asRefusal(400, async () => parseGatewayCall(body));
  if (!/^[A-Za-z0-9_-]{1,64}$/.test(data.session))
    throw new Refusal(400, "that is no session's id");
  const known = taken.answerTo(id, data.attempt);
  if (known !== undefined) return known;
  const status = (await onWanted(data)) ? 202 : 200;
  try {
    taken.remember(id, data.attempt, status);
  } catch (error) {
    // The runner is on its way, and the next gateway finds it; what is lost is the answer to a copy that it gets.
    log(`a call is not on disk: ${error instanceof Error ? error.message : String(error)}`);
  }
  return status;
}

async function asRefusal<T>(status: 400 | 401, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof PerdureError) throw new Refusal(status, error.message);
    throw error;
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES)
      throw new Refusal(413, `a call has at most ${MAX_BODY_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function respond(response: ServerResponse, { status, retryAfter }: Answer): void {
  response.writeHead(status, {
    "content-type": "application/json",
    ...(retryAfter === undefined ? {} : { "retry-after": String(retryAfter) }),
  });
  response.end(`${JSON.stringify({ status: status < 300 ? "ok" : "refused" })}\n`);
}
