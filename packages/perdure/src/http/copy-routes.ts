/** Copies of sessions: fork one, export it as JSON Lines, import what was exported. */

import { Hono } from "hono/tiny";
import type { JsonObject } from "../protocol/index.ts";
import { exportLines, forkSession, importLines } from "../session/index.ts";
import type { CopyRpc } from "../session/index.ts";
import type { Access, CallerRouteEnv, SessionCall, SessionRouteEnv } from "./access.ts";
import { badRequest, optionalText } from "./body.ts";
import { MAX_TITLE_LENGTH } from "./directory-routes.ts";
import { defined, wholeNumber } from "./fields.ts";
import { valueOf } from "../session/index.ts";
import { newSessionId, parseSessionId } from "./session-id.ts";
import { body, json, query } from "./typed-route.ts";

/** The media type of JSON Lines. */
const JSON_LINES = "application/x-ndjson";

/** Most bytes of a refused file that are read before its sender is cut off. */
const MAX_DISCARDED_BYTES = 256 * 1024 * 1024;

/** A fork of a session: its id, the last position that is copied, and its title. */
export interface ForkBody {
  readonly id?: string;
  readonly at?: number;
  readonly title?: string;
}

/** `POST /sessions/:id/fork`, `GET /sessions/:id/export`, `POST /sessions/:id/import`. */
export function copyRoutes(access: Access) {
  const reading = new Hono<SessionRouteEnv>().get(
    "/sessions/:id/export",
    access.allow("export"),
    query(({ at }): { readonly at?: number } => defined({ at: wholeNumber(at, "at") })),
    async (c) => {
      const { id, call, identity } = c.var.perdure;
      const lines = exportLines(callable(call), identity, c.req.valid("query").at);
      // What stands in the way is an answer of its own, and no broken file.
      const first = await lines.next();
      return new Response(streamOf(first, lines), {
        headers: {
          "content-type": JSON_LINES,
          "content-disposition": `attachment; filename="${id}.jsonl"`,
          "cache-control": "no-store",
          "x-content-type-options": "nosniff",
        },
      });
    },
  );
  const making = new Hono<CallerRouteEnv>()
    .post("/sessions/:id/fork", access.allowEverywhere("create"), body(forkOf), async (c) => {
      const { callOf, identity } = c.var.perdure;
      const { id = newSessionId(), at, title } = c.req.valid("json");
      const source = callable(callOf(parseSessionId(c.req.param("id"))));
      const call = callOf(id);
      const { created } = await forkSession(source, callable(call), identity, { id, at, title });
      const info = valueOf(await call((stub) => stub.describe(identity)));
      const location = c.req.path.replace(/[^/]+\/fork\/?$/, id);
      return json({ ...info, created }, created ? 201 : 200, { location });
    })
    .post("/sessions/:id/import", access.allowEverywhere("create"), async (c) => {
      const { callOf, identity } = c.var.perdure;
      const id = parseSessionId(c.req.param("id"));
      const call = callOf(id);
      const file = c.req.raw.body;
      if (file === null) throw badRequest("the body is missing: an export, as JSON Lines");
      await withWholeBody(file, (bytes) => importLines(callable(call), identity, id, bytes));
      const info = valueOf(await call((stub) => stub.describe(identity)));
      return json(info, 201, { location: c.req.path.replace(/\/import\/?$/, "") });
    });
  return new Hono().route("/", reading).route("/", making);
}

function forkOf(body: JsonObject): ForkBody {
  const { at } = body;
  if (at !== undefined && (typeof at !== "number" || !Number.isSafeInteger(at) || at < 1))
    throw badRequest("`at` must be a whole number from 1");
  const id = body["id"] === undefined ? undefined : parseSessionId(body["id"]);
  return defined({ id, at, title: optionalText(body, "title", MAX_TITLE_LENGTH) });
}

/** The methods by which a session is copied, each called where the session may be awake. */
const callable = (call: SessionCall): CopyRpc => ({
  copyHeader: (identity, at) => call((stub) => stub.copyHeader(identity, at)),
  copyPage: (...parameters) => call((stub) => stub.copyPage(...parameters)),
  beginCopy: (...parameters) => call((stub) => stub.beginCopy(...parameters)),
  takeCopy: (...parameters) => call((stub) => stub.takeCopy(...parameters)),
  finishCopy: (identity) => call((stub) => stub.finishCopy(identity)),
});

/**
 * Gives a body to some work. Where that fails the rest is read and thrown away: a client that is still sending when it is
 * answered sees a broken connection, and no answer.
 */
async function withWholeBody<T>(
  body: ReadableStream<Uint8Array>,
  work: (bytes: AsyncIterable<Uint8Array>) => Promise<T>,
): Promise<T> {
  const reader = body.getReader();
  const bytes = async function* () {
    for (let read = await reader.read(); !read.done; read = await reader.read()) yield read.value;
  };
  try {
    return await work(bytes());
  } catch (error) {
    let left = MAX_DISCARDED_BYTES;
    for await (const { byteLength } of bytes()) {
      left -= byteLength;
      if (left < 0) break;
    }
    await reader.cancel();
    throw error;
  }
}

/** A stream at its reader's pace. */
function streamOf(
  first: IteratorResult<string, void>,
  lines: AsyncGenerator<string, void>,
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let next: IteratorResult<string, void> | undefined = first;
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = next ?? (await lines.next());
      next = undefined;
      if (done === true) controller.close();
      else controller.enqueue(encoder.encode(value ?? ""));
    },
    async cancel() {
      await lines.return();
    },
  });
}
