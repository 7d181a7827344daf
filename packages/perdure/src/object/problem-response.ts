import { ERROR_STATUS, problemOf } from "../protocol/index.ts";

/** Anything thrown, as `application/problem+json` (RFC 9457) with our stable `code`. */
export function problemResponse(
  error: unknown,
  headers: Readonly<Record<string, string>> = {},
): Response {
  const { code, detail, extra } = problemOf(error);
  const status = ERROR_STATUS[code];
  const body = {
    ...extra,
    type: `urn:perdure:error:${code}`,
    title: code.replaceAll("_", " "),
    status,
    detail,
    code,
  };
  return new Response(JSON.stringify(body), {
    status,
    headers: {
      "content-type": "application/problem+json",
      "cache-control": "no-store",
      ...headers,
    },
  });
}
