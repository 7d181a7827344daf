/** What the SDK takes for a request or a notification: it drops anything else without a word, and its client would wait for good. */

import type { JSONRPCNotification, JSONRPCRequest } from "@modelcontextprotocol/sdk/types.js";
import { isObject } from "../../protocol/index.ts";

/** The message as the SDK takes it, without members that it does not know; undefined where it would drop it. */
export function messageOf(text: string): JSONRPCRequest | JSONRPCNotification | undefined {
  const body: unknown = JSON.parse(text);
  if (!isObject(body) || typeof body["method"] !== "string") return undefined;
  const { id, method, params } = body;
  if (params !== undefined && (!isObject(params) || !isMeta(params["_meta"]))) return undefined;
  const message = {
    jsonrpc: "2.0" as const,
    method,
    ...(params === undefined ? {} : { params }),
  };
  if (id === undefined) return message;
  return isToken(id) ? { ...message, id } : undefined;
}

function isMeta(meta: unknown): boolean {
  if (meta === undefined) return true;
  if (!isObject(meta)) return false;
  const { progressToken, "io.modelcontextprotocol/related-task": task } = meta;
  return (
    (progressToken === undefined || isToken(progressToken)) &&
    (task === undefined || (isObject(task) && typeof task["taskId"] === "string"))
  );
}

function isToken(value: unknown): value is string | number {
  return typeof value === "string" || Number.isSafeInteger(value);
}
