/** The Worker's side of connections. */

import {
  callObject,
  checkOrigin,
  isPassing,
  isUpgrade,
  namespaceOf,
  problemResponse,
  socketResponse,
  upgradeRequest,
} from "../object/index.ts";
import type { Contract } from "../protocol/index.ts";
import { PerdureError } from "../protocol/index.ts";
import type { ConnectionMeta } from "./context.ts";
import type { ConnectionDefinition, ConnectionIdentity } from "./definition.ts";
import { checkPath, connectionFor, upgradeRequired } from "./identify.ts";

/** What `connectionRoutes` takes beside the definition. */
export interface ConnectionRoutesOptions<Env = unknown> {
  /**
   * Says who asks; `extractMeta` gets it as its third argument. Null: nobody in particular; throw `unauthorized` to refuse. Default:
   * nobody. `tokenAuthenticator` of `perdure/auth` makes one.
   */
  authenticate?(
    request: Request,
    env: Env,
  ): ConnectionIdentity | null | Promise<ConnectionIdentity | null>;
  /** Origins whose pages may connect besides the server's own, such as `https://app.example`. */
  allowedOrigins?(env: Env): readonly string[] | undefined;
}

/** A Worker's `fetch`. */
export type ConnectionFetch<Env> = (request: Request, env: Env, ctx?: unknown) => Promise<Response>;

/** What the object of a user answers. */
interface UserStub {
  fetch(request: Request): Promise<Response>;
}

/**
 * Makes the `fetch` of a Worker whose users connect at the definition's `websocketPath`; any other path is `not_found`. It checks the
 * origin, asks who connects, names the object by `meta.userId`, and opens the socket there. A refusal is `application/problem+json`.
 *
 * ```ts
 * export default { fetch: connectionRoutes(connection) };
 * ```
 */
export function connectionRoutes<
  Meta extends ConnectionMeta,
  Env,
  State extends object,
  C extends Contract | undefined,
>(
  definition: ConnectionDefinition<Meta, Env, State, C>,
  options: ConnectionRoutesOptions<Env> = {},
): ConnectionFetch<Env> {
  return async (request, env) => {
    try {
      return await connect(definition, options, request, env);
    } catch (error) {
      return refusalOf(error);
    }
  };
}

function refusalOf(error: unknown): Response {
  if (error instanceof PerdureError)
    return problemResponse(
      error,
      error.code === "unauthorized" ? { "www-authenticate": "Bearer" } : {},
    );
  console.error("perdure: a connection failed", error);
  return problemResponse(
    isPassing(error)
      ? new PerdureError("unavailable", "The user's object cannot be reached; try again.")
      : error,
  );
}

async function connect<
  Meta extends ConnectionMeta,
  Env,
  State extends object,
  C extends Contract | undefined,
>(
  definition: ConnectionDefinition<Meta, Env, State, C>,
  options: ConnectionRoutesOptions<Env>,
  request: Request,
  env: Env,
): Promise<Response> {
  const { websocketPath, connectionBinding } = definition;
  checkPath(request, websocketPath);
  checkOrigin(request, options.allowedOrigins?.(env), false);
  const identity = (await options.authenticate?.(request, env)) ?? null;
  const connection = await connectionFor(definition.options, request, env, identity);
  if (connection instanceof Response) return connection;
  // Not before: a page that is not told why its upgrade was refused asks for that by a plain request.
  if (!isUpgrade(request)) throw upgradeRequired();
  const users = namespaceOf<UserStub>(env, connectionBinding);
  const answer = await callObject(users, connection.meta.userId, (stub) =>
    stub.fetch(upgradeRequest(connection)),
  );
  return answer.webSocket === null ? answer : socketResponse(request, answer.webSocket);
}
