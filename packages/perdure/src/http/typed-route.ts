/**
 * How a route is written, so that Hono's client knows what it takes and answers. A feature's file makes a `Hono` of its own:
 *
 *     export const noteRoutes = ({ allow }: Access) =>
 *       new Hono<SessionRouteEnv>().post("/sessions/:id/notes", allow("prompt"), body(noteOf), async (c) => {
 *         const { call, identity } = c.var.perdure;
 *         return json(valueOf(await call((stub) => stub.addNote(identity, c.req.valid("json")))), 201);
 *       });
 *
 * and is named in `session-routes.ts`.
 */

import type { Context, MiddlewareHandler, TypedResponse } from "hono";
import type { JsonObject } from "../protocol/index.ts";
import { readJson } from "./body.ts";

/** A body that may be left out where nothing in it is required. */
type JsonInput<Body> = object extends Body ? { readonly json?: Body } : { readonly json: Body };

/** What a query string may be given as: numbers also as their digits. */
type QueryInput<Query> = {
  [Name in keyof Query]: Query[Name] extends number | undefined
    ? Query[Name] | `${number}`
    : Query[Name];
};

/**
 * Reads a JSON body of at most 256 KiB; no body is an empty one. `c.req.valid("json")` is what `parse` made of it, which throws
 * `bad_request` for what makes no sense. `Body` is what a client may send, by default what is parsed from it.
 */
export function body<Parsed, Body = Parsed>(
  parse: (body: JsonObject, c: Context) => Parsed,
): MiddlewareHandler<object, string, { in: JsonInput<Body>; out: { json: Parsed } }> {
  return async (c, next) => {
    c.req.addValidatedData("json", parse(await readJson(c.req.raw), c) as object);
    await next();
  };
}

/** Reads the query string: `c.req.valid("query")` is what `parse` made of it, which throws `bad_request` for what makes no sense. */
export function query<Query>(
  parse: (query: Readonly<Partial<Record<string, string>>>) => Query,
): MiddlewareHandler<object, string, { in: { query: QueryInput<Query> }; out: { query: Query } }> {
  return async (c, next) => {
    c.req.addValidatedData("query", parse(c.req.query()) as object);
    await next();
  };
}

/** JSON that no cache keeps: all of it belongs to one caller and one moment. */
export function json<T, Status extends 200 | 201 | 202 = 200>(
  value: T,
  status?: Status,
  headers: Readonly<Record<string, string>> = {},
): Response & TypedResponse<T, Status, "json"> {
  const response = Response.json(value, {
    status: status ?? 200,
    headers: { "cache-control": "no-store", "x-content-type-options": "nosniff", ...headers },
  });
  return response as Response & TypedResponse<T, Status, "json">;
}
