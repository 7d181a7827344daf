/** Messages and turns: read what was said, say something, cancel. */

import { Hono } from "hono/tiny";
import type { JsonObject, Part } from "../protocol/index.ts";
import type { Access, SessionRouteEnv } from "./access.ts";
import { badRequest } from "./body.ts";
import type { CommandBody, SentCommand, TurnResult } from "./command-route.ts";
import { execute, sentCommand } from "./command-route.ts";
import { defined, wholeNumber } from "./fields.ts";
import { valueOf } from "../session/index.ts";
import { body, json, query } from "./typed-route.ts";

/** A prompt. Its `id` is required, because a prompt sent again must not run twice. */
export type PromptBody = { readonly id: string; readonly metadata?: JsonObject } & (
  | { readonly text: string; readonly parts?: undefined }
  | { readonly parts: readonly Part[]; readonly text?: undefined }
);

/** Which turn to cancel. */
export interface CancelBody extends CommandBody {
  /** The turn; by default the oldest that is open. */
  readonly turn?: string;
}

/** `GET` and `POST /sessions/:id/messages`, `GET /sessions/:id/messages/:messageId`, `GET …/search`, `POST …/cancel`. */
export function messageRoutes(access: Access) {
  return new Hono<SessionRouteEnv>()
    .get("/sessions/:id/messages", access.allow("read"), query(pageOf), async (c) => {
      const { call, identity } = c.var.perdure;
      return json(valueOf(await call((stub) => stub.messages(identity, c.req.valid("query")))));
    })
    .post(
      "/sessions/:id/messages",
      access.allow("prompt"),
      body<SentCommand, PromptBody>(promptOf),
      async (c) => json(await execute<TurnResult>(c.var.perdure, c.req.valid("json")), 202),
    )
    .get("/sessions/:id/messages/:messageId", access.allow("read"), async (c) => {
      const { call, identity } = c.var.perdure;
      const id = c.req.param("messageId");
      return json(valueOf(await call((stub) => stub.message(identity, id))));
    })
    .get("/sessions/:id/search", access.allow("read"), query(searchOf), async (c) => {
      const { call, identity } = c.var.perdure;
      const { q, ...page } = c.req.valid("query");
      return json(valueOf(await call((stub) => stub.search(identity, q, page))));
    })
    .post(
      "/sessions/:id/cancel",
      access.allow("cancel"),
      body<SentCommand, CancelBody>((body) =>
        sentCommand(body, { op: "cancel", turn: body["turn"] }),
      ),
      async (c) => json(await execute<TurnResult>(c.var.perdure, c.req.valid("json"))),
    );
}

function pageOf({ before, limit }: Readonly<Partial<Record<string, string>>>): {
  readonly before?: number;
  readonly limit?: number;
} {
  return defined({ before: wholeNumber(before, "before"), limit: wholeNumber(limit, "limit") });
}

/** The words to look for, and the place of the page. */
function searchOf({ q, ...page }: Readonly<Partial<Record<string, string>>>): {
  readonly q: string;
  readonly before?: number;
  readonly limit?: number;
} {
  if (q === undefined || q === "") throw badRequest("`q` is missing: the words to look for");
  return { q, ...pageOf(page) };
}

/** A prompt: `text`, or `parts` for more than text. */
function promptOf(body: JsonObject): SentCommand {
  const { id, text, parts, metadata } = body;
  if (id === undefined)
    throw badRequest("`id` is missing: choose one, and send the same again to repeat the request");
  if ((text === undefined) === (parts === undefined))
    throw badRequest("a prompt has either `text` or `parts`");
  if (text === "") throw badRequest("`text` is empty");
  return sentCommand(body, { op: "prompt", parts: parts ?? [{ type: "text", text }], metadata });
}
