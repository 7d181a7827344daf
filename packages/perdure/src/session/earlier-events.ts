/** Events that earlier versions wrote, as this version has them. Everybody reads the log through here. */

import type { Task, WireEvent } from "../protocol/index.ts";
import { taskStatusOf } from "../protocol/index.ts";

/** The event, in today's words. */
export function upgradeEvent(event: WireEvent): WireEvent {
  if (event.type !== "tasks.changed") return event;
  return { ...event, tasks: event.tasks.map((task) => upgradePlanStep(task, event.at)) };
}

/** Version 0.1 kept neither times nor a source, and had other names for two statuses. */
function upgradePlanStep(task: Task, at: number): Task {
  const known: Partial<Task> = task;
  const { createdAt = at, updatedAt = at } = known;
  return {
    ...task,
    status: taskStatusOf(task.status) ?? "pending",
    createdAt,
    updatedAt,
    source: "plan",
  };
}
