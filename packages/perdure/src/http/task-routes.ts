/** Tasks: list them, look at one, create one, change one. */

import { Hono } from "hono/tiny";
import type { JsonObject, NewTask, TaskPatch, TaskStatus } from "../protocol/index.ts";
import { TASK_STATUSES } from "../protocol/index.ts";
import type { Access, SessionRouteEnv } from "./access.ts";
import type { CommandBody, SentCommand, TaskResult } from "./command-route.ts";
import { execute, sentCommand } from "./command-route.ts";
import { defined, oneOf, wholeNumber } from "./fields.ts";
import { valueOf } from "../session/index.ts";
import { body, json, query } from "./typed-route.ts";

/** A task to create. Its `id` is the command's too: the same sent again has one effect and the same answer. */
export type NewTaskBody = NewTask;

/** What is to change of a task; null takes a field away. */
export interface TaskPatchBody extends CommandBody, TaskPatch {}

/** `GET` and `POST /sessions/:id/tasks`, `GET` and `PATCH /sessions/:id/tasks/:taskId`. */
export function taskRoutes(access: Access) {
  return new Hono<SessionRouteEnv>()
    .get("/sessions/:id/tasks", access.allow("read"), query(filterOf), async (c) => {
      const { call, identity } = c.var.perdure;
      const filter = c.req.valid("query");
      return json({ tasks: valueOf(await call((stub) => stub.tasks(identity, filter))) });
    })
    .post(
      "/sessions/:id/tasks",
      access.allow("create-task"),
      body<SentCommand, NewTaskBody>((task) => sentCommand(task, { op: "create-task", task })),
      async (c) => json(await execute<TaskResult>(c.var.perdure, c.req.valid("json")), 201),
    )
    .get("/sessions/:id/tasks/:taskId", access.allow("read"), async (c) => {
      const { call, identity } = c.var.perdure;
      const id = c.req.param("taskId");
      return json(valueOf(await call((stub) => stub.task(identity, id))));
    })
    .patch(
      "/sessions/:id/tasks/:taskId",
      access.allow("update-task"),
      body<SentCommand, TaskPatchBody>((body, c) => patchOf(body, c.req.param("taskId"))),
      async (c) => json(await execute<TaskResult>(c.var.perdure, c.req.valid("json"))),
    );
}

function patchOf(body: JsonObject, task: string | undefined): SentCommand {
  const { id: _id, ...patch } = body;
  return sentCommand(body, { op: "update-task", task, patch });
}

function filterOf({ status, limit, before }: Readonly<Partial<Record<string, string>>>): {
  readonly status?: TaskStatus;
  readonly limit?: number;
  readonly before?: number;
} {
  return defined({
    status: oneOf(status, "status", TASK_STATUSES),
    limit: wholeNumber(limit, "limit"),
    before: wholeNumber(before, "before"),
  });
}
