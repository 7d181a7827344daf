import { env } from "cloudflare:workers";

/** A token for a test: long enough, and no secret. */
export const tokenOf = (name: string) => `token-of-${name}`.padEnd(16, "-");

/** What a request to an auth session object is made of. */
export interface Call {
  readonly token?: string;
  readonly body?: unknown;
  /** Null: the request presents none. */
  readonly secret?: string | null;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Sends a request as a Worker of the account would. */
export function call(
  stub: Pick<Fetcher, "fetch">,
  method: string,
  path: string,
  { token, body, secret = env.SESSION_DO_SECRET, headers = {} }: Call = {},
): Promise<Response> {
  return stub.fetch(`https://object${path}`, {
    method,
    headers: {
      ...(secret === null ? {} : { "x-session-do-secret": secret }),
      ...(token === undefined ? {} : { "x-session-do-token": token }),
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}

/** Status and body of an answer. */
export async function answerOf(sent: Promise<Response>): Promise<readonly [number, unknown]> {
  const response = await sent;
  return [response.status, await response.json()];
}
