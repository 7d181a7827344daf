/** A message is one runner's in one turn; the tables are what follows from the log. */

import type { SessionEvent, SessionState } from "../../packages/perdure/src/protocol/index.ts";
import { textOf } from "../../packages/perdure/src/protocol/index.ts";
import type { World } from "../world/world.ts";
import { alike, must, of } from "./common.ts";

/** T13, T14, T15 and D1. */
export function checkMessages(world: World, log: readonly SessionEvent[]): void {
  checkOrder("the log", world.witness.state, log);
  checkWriters(world);
  for (const { name, session } of world.pages)
    if (session !== undefined) checkOrder(name, session, log);
  checkTasks(world, log);
}

/** T15 and D1: the plan is the one that the agent told last, and a task is as it was changed last. */
function checkTasks(world: World, log: readonly SessionEvent[]): void {
  const plan = of(log, "tasks.changed").at(-1)?.tasks ?? [];
  const changed = of(log, "task.changed").map(({ task }) => [task.id, task] as const);
  const tasks = [...new Map(changed).values()];
  world.object.peek((session) => {
    const ofSource = (source: "plan" | "app") =>
      session.allTasks.filter((task) => task.source === source);
    must(alike(ofSource("plan"), plan), "T15 the table of tasks is not what the agent said last");
    must(alike(ofSource("app"), tasks), "D1 the table of tasks is not what was written last");
  });
}

/** T13: a message has the words of one runner in one turn, and nothing of it is still being written. */
function checkWriters({ witness, deeds }: World): void {
  for (const { message } of witness.state.messages) {
    const words = textOf(message).match(/\S+ /g) ?? [];
    if (message.role === "user") continue;
    const writers = new Set(words.map((word) => word.split(".")[0]));
    const turns = new Set(words.map((word) => deeds.turnOf.get(word)));
    must(writers.size <= 1, `T13 ${[...writers].join(" and ")} have written one message`);
    must(turns.size <= 1, `T13 one message was written in ${[...turns].join(" and ")}`);
    must(
      message.parts.every((part) => !("state" in part) || part.state !== "streaming"),
      `T13 ${message.id} is finished, and a part of it is not`,
    );
  }
}

/** T14: messages are in the order in which they began, and a prompt began when it was queued. */
function checkOrder(where: string, state: SessionState, log: readonly SessionEvent[]): void {
  const queued = new Map(of(log, "turn.queued").map(({ turn, position }) => [turn, position]));
  let before = 0;
  for (const { position, message } of state.messages) {
    must(position > before, `T14 for ${where}, ${message.id} is not where it began`);
    before = position;
    must(
      message.role !== "user" || queued.get(message.id) === position,
      `T14 for ${where}, ${message.id} is at ${position}`,
    );
  }
}
