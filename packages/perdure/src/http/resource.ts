/** One path and its methods. */

import { PerdureError } from "../protocol/index.ts";
import type { App, AppContext } from "./options.ts";
import { errorResponse } from "./problem.ts";

/** Answers one method of a path. */
export type Handler<Env> = (c: AppContext<Env>) => Promise<Response> | Response;

/** Adds a path. `HEAD` is `GET` without the body; any other method that is not named gets `method_not_allowed`. */
export function resource<Env>(
  app: App<Env>,
  path: string,
  methods: Readonly<Partial<Record<"GET" | "POST" | "PATCH", Handler<Env>>>>,
): void {
  const handlers = new Map<string, Handler<Env>>(Object.entries(methods));
  const get = handlers.get("GET");
  if (get !== undefined) handlers.set("HEAD", get);
  const allow = [...handlers.keys()].join(", ");
  app.all(path, (c) => {
    const handler = handlers.get(c.req.method);
    if (handler !== undefined) return handler(c);
    const detail = `${path} does not know this method: use one of ${allow}.`;
    return errorResponse(new PerdureError("method_not_allowed", detail), { allow });
  });
}

/** JSON that no cache keeps: all of it belongs to one caller and one moment. */
export function json(
  value: unknown,
  status: 200 | 201 | 202 = 200,
  headers: Record<string, string> = {},
): Response {
  return Response.json(value, {
    status,
    headers: { "cache-control": "no-store", "x-content-type-options": "nosniff", ...headers },
  });
}

/** The answer for a path that does not exist. */
export function notFound(): never {
  throw new PerdureError("not_found", "There is nothing at this path: see the list of routes.");
}
