/** Reading a request's body: JSON, of a bounded size, parsed once. */

import type { JsonObject } from "../protocol/index.ts";
import { isObject, MAX_CLIENT_FRAME_BYTES, PerdureError } from "../protocol/index.ts";

/** Reads a JSON object; no body at all is an empty one. Throws `too_large` or `bad_request`. */
export async function readJson(request: Request): Promise<JsonObject> {
  const text = await readText(request);
  if (text === "") return {};
  const type = request.headers.get("content-type") ?? "";
  if (!/^application\/(json|[\w.-]+\+json)\s*(;|$)/i.test(type))
    throw badRequest("the body must be JSON, with `Content-Type: application/json`");
  const value = parseJson(text);
  if (!isObject(value)) throw badRequest("the body must be a JSON object");
  return value;
}

/** A request that was not understood. */
export function badRequest(why: string): PerdureError {
  return new PerdureError("bad_request", `The request was not understood: ${why}.`);
}

/** The text of a body of at most 256 KiB: throws `too_large`. Counts while it reads, because a `Content-Length` may be missing or wrong. */
export async function readText(request: Request): Promise<string> {
  if (Number(request.headers.get("content-length") ?? 0) > MAX_CLIENT_FRAME_BYTES) throw tooLarge();
  if (request.body === null) return "";
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  for await (const chunk of request.body) {
    bytes += chunk.byteLength;
    if (bytes > MAX_CLIENT_FRAME_BYTES) throw tooLarge();
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

/** The value of a JSON text. Throws `bad_request`. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw badRequest("the body is not JSON");
  }
}

const tooLarge = () =>
  new PerdureError("too_large", `The body has more than ${MAX_CLIENT_FRAME_BYTES} bytes.`);
