/** The Worker's side of shards. */

import type { Serialized } from "../object/index.ts";
import {
  callObject,
  checkOrigin,
  isPassing,
  isSentByBrowser,
  isUpgrade,
  problemResponse,
  readJson,
  socketResponse,
  upgradeRequest,
} from "../object/index.ts";
import { errorOf, isObject, PerdureError } from "../protocol/index.ts";
import type { ShardCall } from "./gather.ts";
import { gather } from "./gather.ts";
import type { ShardAnswer, ShardRequest } from "./requests.ts";
import type { ShardResult, ShardRpc } from "./rpc.ts";
import { ROOT_SHARD_NAME } from "./rpc.ts";
import type { Authorize, ShardCaller } from "./shard-access.ts";
import { checkAccess, checkName, identityOf, openFunctions } from "./shard-access.ts";
import { callsIn } from "./shard-calls.ts";
import type { ShardFunctions, ShardIdentity } from "./shard-functions.ts";

/** The status of answers of which some are problems (RFC 4918 §13). */
const SOME_FAILED = 207;

/** What `shardRoutes` takes beside the definition. */
export interface ShardRoutesOptions<Env = unknown> {
  /** The name of the binding of the class that has these functions. */
  readonly binding: string;
  /** What paths begin with. Default: `/shard`. */
  readonly path?: string | undefined;
  /**
   * Says who asks. Null: nobody in particular; throw `unauthorized` to refuse. Default: nobody. `tokenAuthenticator` of `perdure/auth`
   * makes one; `createAuth` has one, which closes the sockets of a session that ends: `(…given) => auth.authenticate(…given)`.
   *
   * @param place For a socket: the object in which it is about to open.
   */
  authenticate?(
    request: Request,
    env: Env,
    place?: ShardPlace,
  ): ShardCaller | null | Promise<ShardCaller | null>;
  /**
   * Says whether a caller may use a function of a shard. Default: the root shard is open, and no other. A socket is asked about once,
   * for each function, when it opens.
   */
  readonly authorize?: Authorize<Env> | undefined;
  /** Origins whose pages may ask besides the server's own, such as `https://app.example`. */
  allowedOrigins?(env: Env): readonly string[] | undefined;
}

/** The object of a shard. */
export interface ShardPlace {
  /** The name of the binding of its class. */
  readonly binding: string;
  /** The shard's name. */
  readonly name: string;
}

/** A Worker's `fetch`. */
export type ShardFetch<Env> = (request: Request, env: Env, ctx?: unknown) => Promise<Response>;

/** What the object of a shard answers. */
interface ShardStub extends ShardRpc {
  fetch(request: Request): Promise<Response>;
}

interface ShardNamespace {
  getByName(name: string): ShardStub;
}

/** A request whose sender is known. */
interface Asked<Env> {
  readonly functions: ShardFunctions;
  readonly options: ShardRoutesOptions<Env>;
  readonly request: Request;
  readonly env: Env;
  readonly caller: ShardCaller | null;
}

/**
 * Makes the `fetch` of a Worker for shards; a refusal is `application/problem+json`.
 *
 * - `POST /shard/rpc` with `{ functionPath, args, id?, shard? }` answers `{ value, position }`; with `{ batch: […], shard? }`, calls of
 *   one shard in one transaction, `{ answers: […] }`. Without `shard`, `shardBy` says which it is, or it is the root.
 * - The same with `{ functionPath, args, id?, shards: […] }` calls several shards, and with `{ functionPath, id?, each: […] }` those that
 *   `shardBy` finds for each of these arguments: it answers `{ answers: [{ shard, value, position } | { shard, error }] }`, with
 *   status 207 where there is an error among them.
 * - `/shard/ws?shard=…` is a socket of one shard, by default of the root.
 *
 * ```ts
 * export default { fetch: shardRoutes(board, { binding: "BOARD", authorize: ({ identity }) => identity !== null }) };
 * ```
 */
export function shardRoutes<Env>(
  functions: ShardFunctions,
  options: ShardRoutesOptions<Env>,
): ShardFetch<Env> {
  const path = options.path ?? "/shard";
  return async (request, env) => {
    try {
      const { pathname } = new URL(request.url);
      const isSocket = pathname === `${path}/ws`;
      if (!isSocket && pathname !== `${path}/rpc`)
        throw new PerdureError(
          "not_found",
          `Nothing is here; shards are at ${path}/rpc and ${path}/ws.`,
        );
      if (!isSocket && request.method !== "POST")
        return problemResponse(new PerdureError("method_not_allowed", "Calls are sent by POST."), {
          allow: "POST",
        });
      checkOrigin(request, options.allowedOrigins?.(env), isSentByBrowser(request));
      const place = isSocket ? { binding: options.binding, name: shardIn(request) } : undefined;
      const caller = (await options.authenticate?.(request, env, place)) ?? null;
      const asked = { functions, options, request, env, caller };
      return await (isSocket ? connect(asked) : call(asked));
    } catch (error) {
      return refusalOf(error);
    }
  };
}

async function call<Env>(asked: Asked<Env>): Promise<Response> {
  const calls = callsIn(await readJson(asked.request), asked.functions);
  switch (calls.kind) {
    case "one":
      return answered(JSON.stringify(await callOne(asked, calls)));
    case "batch": {
      const { shard, requests } = calls;
      await check(asked, shard, requests);
      const answers = await ask(asked, shard, requests, (stub, identity, sender) =>
        stub.batch(requests, identity, sender),
      );
      return answered(JSON.stringify({ answers }));
    }
    case "several": {
      const { text, isComplete } = await gather(calls.calls, async (one) => {
        try {
          return await callOne(asked, one);
        } catch (error) {
          throw failureOf(error);
        }
      });
      return answered(`{"answers":${text}}`, isComplete ? 200 : SOME_FAILED);
    }
  }
}

async function callOne<Env>(
  asked: Asked<Env>,
  { shard, request }: ShardCall,
): Promise<ShardAnswer> {
  await check(asked, shard, [request]);
  return ask(asked, shard, [request], (stub, identity, sender) =>
    stub.call(request, identity, sender),
  );
}

async function check<Env>(
  { functions, options, env, caller }: Asked<Env>,
  shard: string,
  requests: readonly ShardRequest[],
): Promise<void> {
  const identity = identityOf(caller);
  for (const { functionPath } of requests) {
    const access = { identity, shard, function: functions.find(functionPath).path };
    await checkAccess(options.authorize, access, env);
  }
}

/** Asks an object; throws the problem that it answers. */
async function ask<Env, T>(
  { options, request, env, caller }: Asked<Env>,
  shard: string,
  requests: readonly ShardRequest[],
  call: (
    stub: ShardStub,
    identity: ShardIdentity | null,
    sender: string,
  ) => Promise<Serialized<ShardResult<T>>>,
): Promise<Serialized<T>> {
  // What has no id may not be repeated.
  const attempts = requests.every(({ id }) => id !== undefined) ? undefined : 1;
  const answer = await callObject<ShardStub, Serialized<ShardResult<T>>>(
    namespaceIn(env, options.binding),
    shard,
    (stub) => call(stub, identityOf(caller), senderOf(request, caller)),
    { attempts },
  );
  if (!answer.ok) throw errorOf(answer.error);
  return answer.value;
}

/** Whose calls are counted together: a subject's, or of those who have not logged in, an address's. */
function senderOf(request: Request, caller: ShardCaller | null): string {
  return caller === null
    ? `address ${request.headers.get("cf-connecting-ip") ?? ""}`
    : `subject ${caller.subject}`;
}

function answered(text: string, status = 200): Response {
  return new Response(text, {
    status,
    headers: { "content-type": "application/json", "cache-control": "no-store" },
  });
}

async function connect<Env>({
  functions,
  options,
  request,
  env,
  caller,
}: Asked<Env>): Promise<Response> {
  const shard = shardIn(request);
  const identity = identityOf(caller);
  const open = await openFunctions(options.authorize, { identity, shard, functions }, env);
  // Not before: a page that is not told why its upgrade was refused asks for that by a plain request.
  if (!isUpgrade(request))
    throw new PerdureError("upgrade_required", "This path is a WebSocket: connect with one.");
  const upgrade = () =>
    upgradeRequest({
      kind: "shard",
      role: "participant",
      subject: identity?.subject ?? "",
      expiresAt: caller?.expiresAt ?? null,
      ...(caller?.token === undefined ? {} : { token: caller.token }),
      meta: { identity, ...(open === undefined ? {} : { functions: open }) },
    });
  const shards = namespaceIn(env, options.binding);
  const answer = await callObject(shards, shard, (stub) => stub.fetch(upgrade()));
  return answer.webSocket === null ? answer : socketResponse(request, answer.webSocket);
}

/** The shard that a socket is for. */
function shardIn(request: Request): string {
  const shard = new URL(request.url).searchParams.get("shard") ?? ROOT_SHARD_NAME;
  checkName(shard, "The name of a shard");
  return shard;
}

function namespaceIn(env: unknown, binding: string): ShardNamespace {
  const namespace = isObject(env) ? env[binding] : undefined;
  if (isNamespace(namespace)) return namespace;
  throw new PerdureError(
    "broken",
    `The binding ${binding} is missing: add it to durable_objects.bindings in wrangler.jsonc with the class of its shards, name that ` +
      "class under new_sqlite_classes of migrations, and export it from the Worker's main module.",
  );
}

function isNamespace(value: unknown): value is ShardNamespace {
  return isObject(value) && typeof value["getByName"] === "function";
}

function refusalOf(error: unknown): Response {
  const failure = failureOf(error);
  return problemResponse(failure, failure instanceof PerdureError ? headersOf(failure) : {});
}

function headersOf({ code, extra }: PerdureError): Readonly<Record<string, string>> {
  if (code === "unauthorized") return { "www-authenticate": "Bearer" };
  const seconds = extra?.["retryAfterSeconds"];
  return typeof seconds === "number" ? { "retry-after": `${seconds}` } : {};
}

/** What a caller is told of anything that was thrown; what is not the library's is told to the log as well. */
function failureOf(error: unknown): unknown {
  if (error instanceof PerdureError) return error;
  console.error("perdure: a request of a shard failed", error);
  return isPassing(error)
    ? new PerdureError("unavailable", "The shard cannot be reached now; try again.")
    : error;
}
