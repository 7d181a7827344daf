/** Turns are queued, run one at a time in order, and end once; a session ends for good. */

import type { SessionEvent } from "../../packages/perdure/src/protocol/index.ts";
import type { World } from "../world/world.ts";
import { must, of, same } from "./common.ts";

interface OpenTurn {
  readonly id: string;
  readonly command: number;
  isRunning: boolean;
  isCancelling: boolean;
}

/** T1, T3 to T6, T8, T11 and T18, by the log alone. */
export function checkTurns(world: World, log: readonly SessionEvent[]): void {
  const cancels = acceptedCancels(world);
  let open: readonly OpenTurn[] = [];
  let last: { readonly turn: string; readonly outcome: string } | undefined;
  log.forEach((event, index) => {
    const position = index + 1;
    const cancel = cancels.get(position);
    if (cancel !== undefined && "turn" in event)
      must(
        event.turn === (cancel.turn ?? open[0]?.id) &&
          (event.type === "turn.cancelling") ===
            open.find(({ id }) => id === event.turn)?.isRunning,
        `T6 ${cancel.label} has done ${JSON.stringify(event)}; open were ${JSON.stringify(open)}`,
      );
    switch (event.type) {
      case "turn.queued":
        must(
          event.message.id === event.turn && event.message.role === "user",
          `T1 the message of ${event.turn} is ${JSON.stringify(event.message)}`,
        );
        open = [
          ...open,
          { id: event.turn, command: position, isRunning: false, isCancelling: false },
        ];
        break;
      case "command.begun": {
        const turn = open.find(({ command }) => command === event.command);
        if (turn === undefined) break;
        must(turn === open[0], `T3 ${turn.id} runs, and ${open[0]?.id} was there before`);
        turn.isRunning = true;
        break;
      }
      case "turn.cancelling": {
        const turn = open.find(({ id }) => id === event.turn);
        must(turn?.isRunning === true, `T5 ${event.turn} was not running, and is being cancelled`);
        turn.isCancelling = true;
        break;
      }
      case "turn.ended": {
        const turn = open.find(({ id }) => id === event.turn);
        if (turn === undefined) break;
        must(
          turn.isRunning || event.outcome === "cancelled",
          `T5 ${turn.id} was queued, and ended as ${event.outcome}`,
        );
        must(
          !turn.isRunning || turn.isCancelling || event.outcome !== "cancelled",
          `T8 ${turn.id} was running, nobody cancelled it, and it ended as cancelled`,
        );
        last = { turn: event.turn, outcome: event.outcome };
        open = open.filter((other) => other !== turn);
        break;
      }
      case "runner.started":
        checkInterrupted(open.find(({ isRunning }) => isRunning)?.id, log.slice(position));
        break;
      case "session.lifecycle":
        if (event.state !== "terminated") break;
        must(open.length === 0, `T8 the session is over, and ${open[0]?.id} is not`);
        must(position === log.length, "T8 the session was over, and went on");
        break;
      default:
    }
  });
  checkTerminated(world, log);
  checkTitle(world, log);
  for (const state of [world.witness.state, ...world.pages.map(({ session }) => session)])
    must(
      last?.turn === state?.lastOutcome?.turn && last?.outcome === state?.lastOutcome?.outcome,
      `T18 the last turn ended as ${JSON.stringify(last)}, and is said to have as ${JSON.stringify(state?.lastOutcome)}`,
    );
}

/** The cancels that were accepted, by the position of their effect. */
function acceptedCancels({ requests }: World) {
  const cancels = new Map<number, { readonly label: string; readonly turn: string | undefined }>();
  for (const { label, command, answers } of requests.all)
    for (const answer of answers)
      if (answer.ok && command.op === "cancel")
        cancels.set(answer.result.position, { label, turn: command.turn });
  return cancels;
}

/** T4: the turn that a new process found running ends before anything else happens. */
function checkInterrupted(turn: string | undefined, after: readonly SessionEvent[]): void {
  if (turn === undefined) return;
  const end = after.find(({ type }) => type !== "approval.closed");
  must(
    end?.type === "turn.ended" && end.turn === turn && end.outcome === "interrupted",
    `T4 a new process found ${turn} running, and went on with ${JSON.stringify(end)}`,
  );
}

/** T8: no runner is left. */
function checkTerminated({ machines }: World, log: readonly SessionEvent[]): void {
  if (!log.some((event) => event.type === "session.lifecycle" && event.state === "terminated"))
    return;
  must(
    machines.every(({ isRunning }) => !isRunning),
    "T8 the session is over, and a runner goes on",
  );
}

/** T11: the first prompt is the title. */
function checkTitle({ object }: World, log: readonly SessionEvent[]): void {
  const [first] = of(log, "turn.queued");
  const titles = of(log, "session.meta").flatMap(({ patch }) => patch["title"] ?? []);
  must(
    same(titles, first === undefined ? [] : [first.turn]),
    `T11 the first prompt is ${first?.turn}, and the titles are ${JSON.stringify(titles)}`,
  );
  object.peek((session) =>
    must(session.info.title === (first?.turn ?? null), `T11 the title is ${session.info.title}`),
  );
}
