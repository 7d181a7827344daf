/** What an endpoint is made with. */

import type { GuardOptions } from "./guards.ts";

/** Who sends a request. */
export interface ConnectionIdentity {
  /** Never empty. */
  readonly subject: string;
  /** When its streams end, in milliseconds since 1970; default: never. */
  readonly expiresAt?: number | null | undefined;
}

/** Says who sends a request; null for nobody that may. */
export type Authenticate<Env> = (
  request: Request,
  env: Env,
) => ConnectionIdentity | null | Promise<ConnectionIdentity | null>;

/** What an endpoint needs. */
export interface McpEndpointOptions<Env> extends GuardOptions {
  readonly binding: string;
  readonly path: string | null;
  readonly retryMs: number;
  readonly authenticate?: Authenticate<Env> | undefined;
  readonly secret?: string | ((env: Env) => string) | undefined;
  /** Asks the transport; `original` is the client's request, of which `request` may be a copy. */
  respond(request: Request, original: Request, env: Env): Promise<Response | null>;
}
