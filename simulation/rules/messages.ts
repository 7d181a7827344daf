/** A message is one runner's in one turn; the tables are what follows from the log. */

import type { SessionEvent, SessionState } from "../../packages/perdure/src/protocol/index.ts";
import { textOf } from "../../packages/perdure/src/protocol/index.ts";
import type { World } from "../world/world.ts";
import { must, of, same } from "./common.ts";

/** T13, T14 and T15. */
export function checkMessages(world: World, log: readonly SessionEvent[]): void {
  checkOrder("the log", world.witness.state, log);
  checkWriters(world);
  for (const { name, session } of world.pages)
    if (session !== undefined) checkOrder(name, session, log);
  const tasks = of(log, "tasks.changed").at(-1)?.tasks ?? [];
  world.object.peek((session) =>
    must(same(session.tasks, tasks), "T15 the table of tasks is not what the agent said last"),
  );
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
