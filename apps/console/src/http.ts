/** Requests to the server that served this page; the cookie authenticates them. */

import { PerdureError, errorOf, isErrorCode, isObject, type JsonObject } from "perdure/protocol";

/**
 * Sends a request and returns the JSON object that it is answered with, an empty one where there is nothing to say.
 *
 * @throws PerdureError with the code of the problem; `unavailable` where there was no answer at all.
 */
export async function request(
  method: "GET" | "POST",
  path: string,
  body?: JsonObject,
  signal?: AbortSignal,
): Promise<JsonObject> {
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      headers: {
        accept: "application/json",
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal === undefined ? {} : { signal }),
    });
  } catch (error) {
    if (signal?.aborted === true) throw error;
    throw new PerdureError("unavailable", "The server cannot be reached.");
  }
  if (response.status === 204) return {};
  const answer: unknown = await response.json().catch(() => undefined);
  if (!response.ok) throw problemFrom(response.status, answer);
  if (isObject(answer)) return answer;
  throw new PerdureError("internal", "The server answered with something else than JSON.");
}

function problemFrom(status: number, answer: unknown): PerdureError {
  if (isObject(answer) && isErrorCode(answer["code"])) {
    const { code, detail } = answer;
    return errorOf({ code, detail: typeof detail === "string" ? detail : code });
  }
  return status === 401
    ? new PerdureError("unauthorized", "You are not logged in.")
    : new PerdureError("internal", `The server answered with status ${status}.`);
}

/** One sentence for a person about anything thrown. */
export function sentenceOf(error: unknown): string {
  return error instanceof Error ? error.message : "Something went wrong.";
}
