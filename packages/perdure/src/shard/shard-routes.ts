/** The Worker's side of shards. */

import type { Serialized } from "../object/index.ts";
import {
  badRequest,
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
import type { JsonObject } from "../protocol/index.ts";
import { asRequest, errorOf, isObject, parseId, PerdureError } from "../protocol/index.ts";
import type { ShardRequest } from "./requests.ts";
import type { ShardResult, ShardRpc } from "./rpc.ts";
import { ROOT_SHARD_NAME } from "./rpc.ts";
import type { Authorize, ShardCaller } from "./shard-access.ts";
import { checkAccess, checkName, identityOf, openFunctions } from "./shard-access.ts";
import type { ShardFunctions } from "./shard-functions.ts";

/** Calls of one batch. */
const MAX_BATCH = 100;

/** What `shardRoutes` takes beside the definition. */
export interface ShardRoutesOptions<Env = unknown> {
  /** The name of the binding of the class that has these functions. */
  readonly binding: string;
  /** What paths begin with. Default: `/shard`. */
  readonly path?: string | undefined;
  /**
   * Says who asks. Null: nobody in particular; throw `unauthorized` to refuse. Default: nobody. `tokenAuthenticator` of `perdure/auth`
   * makes one.
   */
  authenticate?(request: Request, env: Env): ShardCaller | null | Promise<ShardCaller | null>;
  /**
   * Says whether a caller may use a function of a shard. Default: the root shard is open, and no other. A socket is asked about once,
   * for each function, when it opens.
   */
  readonly authorize?: Authorize<Env> | undefined;
  /** Origins whose pages may ask besides the server's own, such as `https://app.example`. */
  allowedOrigins?(env: Env): readonly string[] | undefined;
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
      const caller = (await options.authenticate?.(request, env)) ?? null;
      const asked = { functions, options, request, env, caller };
      return await (isSocket ? connect(asked) : call(asked));
    } catch (error) {
      return refusalOf(error);
    }
  };
}

async function call<Env>({
  functions,
  options,
  request,
  env,
  caller,
}: Asked<Env>): Promise<Response> {
  const body = await readJson(request);
  const { batch } = body;
  const requests = batch === undefined ? [requestIn(body)] : batchIn(batch);
  const shard = shardOf(functions, requests, body["shard"]);
  const identity = identityOf(caller);
  for (const one of requests) {
    const access = { identity, shard, function: functions.find(one.functionPath).path };
    await checkAccess(options.authorize, access, env);
  }
  const [first] = requests;
  // What has no id may not be repeated.
  const attempts = requests.every((one) => one.id !== undefined) ? undefined : 1;
  const answer = await callObject<ShardStub, Serialized<ShardResult<unknown>>>(
    namespaceIn(env, options.binding),
    shard,
    async (stub) =>
      batch === undefined && first !== undefined
        ? stub.call(first, identity)
        : stub.batch(requests, identity),
    { attempts },
  );
  if (!answer.ok) throw errorOf(answer.error);
  const { value } = answer;
  return Response.json(batch === undefined ? value : { answers: value }, {
    headers: { "cache-control": "no-store" },
  });
}

async function connect<Env>({
  functions,
  options,
  request,
  env,
  caller,
}: Asked<Env>): Promise<Response> {
  const shard = new URL(request.url).searchParams.get("shard") ?? ROOT_SHARD_NAME;
  checkName(shard, "The name of a shard");
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

/** The one shard that calls are for. Throws `bad_request` where there is none such. */
function shardOf(
  functions: ShardFunctions,
  requests: readonly ShardRequest[],
  named: unknown,
): string {
  if (named !== undefined) checkName(named, "The name of a shard");
  const shards = new Set(
    requests.map(({ functionPath, args }) => functions.shardOf(functionPath, args)),
  );
  // Without `shardBy` any shard may be named.
  if (functions.isSharded && named !== undefined) shards.add(named);
  const [shard] = shards;
  if (shards.size > 1)
    throw badRequest("its arguments belong to another shard, or those of a batch to several");
  const found = shard ?? named ?? ROOT_SHARD_NAME;
  checkName(found, "The name of a shard");
  return found;
}

function batchIn(batch: unknown): readonly ShardRequest[] {
  if (!Array.isArray(batch) || batch.length === 0 || batch.length > MAX_BATCH)
    throw badRequest(`\`batch\` must be a list of 1 to ${MAX_BATCH} calls`);
  return batch.map((one: unknown) => {
    if (!isObject(one)) throw badRequest("each call of a batch must be an object");
    return requestIn(one);
  });
}

function requestIn({ functionPath, args, id }: JsonObject): ShardRequest {
  if (typeof functionPath !== "string") throw badRequest("`functionPath` must be a string");
  return {
    functionPath,
    args: args ?? null,
    ...(id === undefined ? {} : { id: asRequest(() => parseId(id)) }),
  };
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
  if (error instanceof PerdureError)
    return problemResponse(
      error,
      error.code === "unauthorized" ? { "www-authenticate": "Bearer" } : {},
    );
  console.error("perdure: a request of a shard failed", error);
  return problemResponse(
    isPassing(error)
      ? new PerdureError("unavailable", "The shard cannot be reached now; try again.")
      : error,
  );
}
