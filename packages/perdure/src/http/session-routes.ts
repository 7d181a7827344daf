/** Sessions over HTTP: list, create, look, change. */

import type { Action } from "../auth/index.ts";
import { identityOf } from "../auth/index.ts";
import type { Command, JsonObject, Reply } from "../protocol/index.ts";
import { errorOf } from "../protocol/index.ts";
import type { ApprovalRecord } from "../session/index.ts";
import { openSession, requireEverySession, requireRole, sessionCall } from "./access.ts";
import { badRequest, commandIdOf, commandOf, optionalText, readJson } from "./body.ts";
import type { App, AppContext, AppOptions } from "./options.ts";
import { wholeNumber } from "./query.ts";
import type { Handler } from "./resource.ts";
import { json, resource } from "./resource.ts";
import { valueOf } from "./result.ts";
import type { SessionGate } from "./session-gate.ts";
import { newSessionId, parseSessionId } from "./session-id.ts";

/** Longest title, in UTF-16 units: one line of a list. */
const MAX_TITLE_LENGTH = 200;

const APPROVAL_STATES: readonly ApprovalRecord["state"][] = [
  "pending",
  "decided",
  "delivered",
  "orphaned",
  "withdrawn",
  "expired",
  "consumed",
];

/** Adds the routes of sessions. */
export function addSessionRoutes<Env>(
  app: App<Env>,
  options: AppOptions<Env>,
  gate: SessionGate,
): void {
  const command = (
    action: Action & Command["op"],
    fields: (body: JsonObject, c: AppContext<Env>) => JsonObject,
    status: 200 | 202 = 200,
  ): Handler<Env> => {
    return async (c) => {
      const { call, identity } = openSession(c, options, gate, action);
      const body = await readJson(c.req.raw);
      const id = commandIdOf(body);
      const command = commandOf(fields(body, c));
      return replyResponse(await call((stub) => stub.command(identity, id, command)), status);
    };
  };

  resource(app, "/v1/sessions", {
    GET: (c) => listSessions(c, options),
    POST: (c) => createSession(c, options, gate),
  });
  resource(app, "/v1/sessions/:id", {
    GET: async (c) => {
      const { call, identity } = openSession(c, options, gate, "describe");
      return json(valueOf(await call((stub) => stub.describe(identity))));
    },
    PATCH: command("set-meta", ({ meta }) => {
      if (meta === undefined) throw badRequest("`meta` is missing: an object, where null deletes");
      return { op: "set-meta", patch: meta };
    }),
  });
  resource(app, "/v1/sessions/:id/messages", {
    GET: async (c) => {
      const { call, identity } = openSession(c, options, gate, "read");
      const before = wholeNumber(c.req.query("before"), "before");
      const limit = wholeNumber(c.req.query("limit"), "limit");
      return json(
        valueOf(await call((stub) => stub.messages(identity, defined({ before, limit })))),
      );
    },
    POST: command("prompt", promptOf, 202),
  });
  resource(app, "/v1/sessions/:id/cancel", {
    POST: command("cancel", ({ turn }) => ({ op: "cancel", turn })),
  });
  resource(app, "/v1/sessions/:id/approvals", {
    GET: async (c) => {
      const { call, identity } = openSession(c, options, gate, "read");
      const state = approvalState(c.req.query("state"));
      return json({ approvals: valueOf(await call((stub) => stub.approvals(identity, state))) });
    },
  });
  resource(app, "/v1/sessions/:id/approvals/:approvalId", {
    POST: command("decide", ({ option, reason }, c) => ({
      op: "decide",
      approval: c.req.param("approvalId"),
      option,
      reason,
    })),
  });
  for (const op of ["pause", "resume", "terminate"] as const) {
    resource(app, `/v1/sessions/:id/${op}`, { POST: command(op, () => ({ op })) });
  }
}

async function listSessions<Env>(c: AppContext<Env>, options: AppOptions<Env>): Promise<Response> {
  requireRole(c, "list");
  requireEverySession(c);
  const { subject } = c.get("claims");
  const owner = c.req.query("owner") ?? subject;
  // Another's list is for those who may do everything with every session anyway.
  if (owner !== subject) requireRole(c, "create");
  const limit = wholeNumber(c.req.query("limit"), "limit");
  const before = c.req.query("before");
  return json(await options.index(c.env).getByName(owner).list(defined({ limit, before })));
}

async function createSession<Env>(
  c: AppContext<Env>,
  options: AppOptions<Env>,
  gate: SessionGate,
): Promise<Response> {
  requireRole(c, "create");
  requireEverySession(c);
  const body = await readJson(c.req.raw);
  const id = body["id"] === undefined ? newSessionId() : parseSessionId(body["id"]);
  const title = optionalText(body, "title", MAX_TITLE_LENGTH);
  const identity = identityOf(c.get("claims"));
  const call = sessionCall(c, options, gate, id);
  const info = valueOf(await call((stub) => stub.create(identity, { id, ...defined({ title }) })));
  return json(info, info.created ? 201 : 200, { location: `/v1/sessions/${id}` });
}

/** A prompt: `text`, or `parts` for more than text. Its `id` is required, because a prompt sent again must not run twice. */
function promptOf({ id, text, parts, metadata }: JsonObject): JsonObject {
  if (id === undefined)
    throw badRequest("`id` is missing: choose one, and send the same again to repeat the request");
  if ((text === undefined) === (parts === undefined))
    throw badRequest("a prompt has either `text` or `parts`");
  if (text === "") throw badRequest("`text` is empty");
  return { op: "prompt", parts: parts ?? [{ type: "text", text }], metadata };
}

function approvalState(value: string | undefined): ApprovalRecord["state"] | undefined {
  if (value === undefined) return undefined;
  const state = APPROVAL_STATES.find((one) => one === value);
  if (state === undefined) throw badRequest(`\`state\` is one of ${APPROVAL_STATES.join(", ")}`);
  return state;
}

function replyResponse(reply: Reply, status: 200 | 202): Response {
  if (!reply.ok) throw errorOf(reply.error);
  return json(reply.result, status);
}

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

/** The fields that have a value. */
function defined<T extends object>(fields: T): Defined<T> {
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== undefined),
  ) as Defined<T>;
}
