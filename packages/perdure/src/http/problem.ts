/** What becomes of an error that a request ran into. */

import type { Context } from "hono";
import { HTTPException } from "hono/http-exception";
import { routePath } from "hono/route";
import { errorBehind, problemResponse } from "../object/index.ts";
import type { ErrorCode } from "../protocol/index.ts";
import type { PerdureError } from "../protocol/index.ts";
import { ERROR_STATUS } from "../protocol/index.ts";

/** HTTP status of a problem. */
export type ProblemStatus = (typeof ERROR_STATUS)[ErrorCode];

/** The body of every refusal: `application/problem+json` (RFC 9457). Facts that belong to the code stand beside these. */
export interface ProblemDocument {
  /** `urn:perdure:error:` and the code. */
  readonly type: string;
  /** The code in words. */
  readonly title: string;
  readonly status: ProblemStatus;
  readonly code: ErrorCode;
  /** One sentence: what happened, and what to do. */
  readonly detail: string;
}

/** Seconds after which a server that had no room may have some again. */
const RETRY_AFTER_SECONDS = 5;

/** Headers that belong to a status: how to authenticate, and when to come back. */
const HEADERS_OF_STATUS: Readonly<Record<number, Readonly<Record<string, string>>>> = {
  401: { "www-authenticate": "Bearer" },
  426: { upgrade: "websocket" },
  429: { "retry-after": String(RETRY_AFTER_SECONDS) },
  503: { "retry-after": String(RETRY_AFTER_SECONDS) },
};

/** The answer to a request that failed: `application/problem+json`, with the headers of its status. */
export function errorResponse(
  error: PerdureError,
  headers: Readonly<Record<string, string>> = {},
): Response {
  return problemResponse(error, {
    "x-content-type-options": "nosniff",
    ...HEADERS_OF_STATUS[ERROR_STATUS[error.code]],
    ...headers,
  });
}

/** Answers what a request ran into: `app.onError(answerError)`. The log gets what failed and at which route, never a URL: one may hold a token. */
export function answerError(error: unknown, c: Context): Response {
  if (error instanceof HTTPException) return error.getResponse();
  const known = errorBehind(error);
  if (known.code === "internal")
    console.error(`perdure: ${c.req.method} ${routePath(c, -1)}`, error);
  return errorResponse(known);
}
