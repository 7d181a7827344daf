/** What a request for shards says: which functions it calls, and of which shards. */

import { badRequest } from "../object/index.ts";
import type { JsonObject } from "../protocol/index.ts";
import { asRequest, isObject, parseId } from "../protocol/index.ts";
import type { ShardCall } from "./gather.ts";
import type { ShardRequest } from "./requests.ts";
import { ROOT_SHARD_NAME } from "./rpc.ts";
import { checkName } from "./shard-access.ts";
import type { ShardFunctions } from "./shard-functions.ts";

/** Calls of one batch, and shards of one call. */
const MAX_CALLS = 100;

/** A request: one call, calls of one shard in one commit, or a call of several shards. */
export type ShardCalls =
  | ({ readonly kind: "one" } & ShardCall)
  | { readonly kind: "batch"; readonly shard: string; readonly requests: readonly ShardRequest[] }
  | { readonly kind: "several"; readonly calls: readonly ShardCall[] };

/** Reads the body of a request. Throws `bad_request` and `not_found`. */
export function callsIn(body: JsonObject, functions: ShardFunctions): ShardCalls {
  const { batch, shards, each, shard: named } = body;
  if ([batch, shards, each].filter((one) => one !== undefined).length > 1)
    throw badRequest("it has one of `batch`, `shards` and `each`");
  if (batch !== undefined) {
    const requests = listIn(batch, "batch").map((one) => {
      if (!isObject(one)) throw badRequest("each call of a batch must be an object");
      return requestIn(one);
    });
    return { kind: "batch", shard: shardOf(functions, requests, named), requests };
  }
  if (named !== undefined && (shards ?? each) !== undefined)
    throw badRequest("`shard` names the one shard of a call or a batch");
  if (shards !== undefined) {
    const request = requestIn(body);
    const names = listIn(shards, "shards");
    return several(names.map((name) => ({ shard: shardOf(functions, [request], name), request })));
  }
  if (each !== undefined) {
    const requests = listIn(each, "each").map((args) => requestIn({ ...body, args }));
    return several(
      requests.map((request) => ({ shard: shardOf(functions, [request], undefined), request })),
    );
  }
  const request = requestIn(body);
  return { kind: "one", shard: shardOf(functions, [request], named), request };
}

function several(calls: readonly ShardCall[]): ShardCalls {
  if (new Set(calls.map(({ shard }) => shard)).size < calls.length)
    throw badRequest("each shard is called once; make calls of one shard a `batch`");
  return { kind: "several", calls };
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

function listIn(value: unknown, field: string): readonly unknown[] {
  if (!Array.isArray(value) || value.length === 0 || value.length > MAX_CALLS)
    throw badRequest(`\`${field}\` must be a list of 1 to ${MAX_CALLS}`);
  return value;
}

function requestIn({ functionPath, args, id }: JsonObject): ShardRequest {
  if (typeof functionPath !== "string") throw badRequest("`functionPath` must be a string");
  return {
    functionPath,
    args: args ?? null,
    ...(id === undefined ? {} : { id: asRequest(() => parseId(id)) }),
  };
}
