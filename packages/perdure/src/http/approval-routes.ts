/** Approvals: look at them, decide one. */

import { Hono } from "hono/tiny";
import type { ApprovalRecord } from "../session/index.ts";
import type { Access, SessionRouteEnv } from "./access.ts";
import type { CommandBody, DecisionResult, SentCommand } from "./command-route.ts";
import { execute, sentCommand } from "./command-route.ts";
import { defined, oneOf, wholeNumber } from "./fields.ts";
import { valueOf } from "../session/index.ts";
import { body, json, query } from "./typed-route.ts";

const STATES: readonly ApprovalRecord["state"][] = [
  "pending",
  "decided",
  "delivered",
  "orphaned",
  "withdrawn",
  "expired",
  "consumed",
];

/** Which of the offered options, and why. */
export interface DecisionBody extends CommandBody {
  readonly option: string;
  readonly reason?: string;
}

/** `GET /sessions/:id/approvals` and `POST /sessions/:id/approvals/:approvalId`. */
export function approvalRoutes(access: Access) {
  return new Hono<SessionRouteEnv>()
    .get("/sessions/:id/approvals", access.allow("read"), query(filterOf), async (c) => {
      const { call, identity } = c.var.perdure;
      const filter = c.req.valid("query");
      return json(valueOf(await call((stub) => stub.approvals(identity, filter))));
    })
    .post(
      "/sessions/:id/approvals/:approvalId",
      access.allow("decide"),
      body<SentCommand, DecisionBody>((body, c) => {
        const approval = c.req.param("approvalId");
        return sentCommand(body, {
          op: "decide",
          approval,
          option: body["option"],
          reason: body["reason"],
        });
      }),
      async (c) => json(await execute<DecisionResult>(c.var.perdure, c.req.valid("json"))),
    );
}

function filterOf({ state, before, limit }: Readonly<Partial<Record<string, string>>>): {
  readonly state?: ApprovalRecord["state"];
  readonly before?: number;
  readonly limit?: number;
} {
  return defined({
    state: oneOf(state, "state", STATES),
    before: wholeNumber(before, "before"),
    limit: wholeNumber(limit, "limit"),
  });
}
