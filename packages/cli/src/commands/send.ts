import { randomUUID } from "node:crypto";
import { Command } from "commander";
import type { PlacedMessage, SessionEvent } from "perdure/protocol";
import { isObject } from "perdure/protocol";
import type { ConnectionOptions } from "./connection.ts";
import { sessionId, withConnectionOptions } from "./connection.ts";
import { CommandFailure } from "./failure.ts";
import { HttpApi } from "./http-api.ts";
import { listenForInterrupt } from "./interrupt.ts";
import { SessionPrinter } from "./session-printer.ts";
import { watchSession } from "./watch-session.ts";

interface SendOptions extends ConnectionOptions {
  readonly id?: string;
  readonly wait?: boolean;
}

/** `perdure send`: a prompt, and with `--wait` its answer. */
export function sendCommand(): Command {
  return withConnectionOptions(new Command("send"))
    .description("send a prompt")
    .argument("<session>", "session", sessionId)
    .argument("<text...>", "the prompt")
    .option("--id <id>", "id of the prompt: sent again with it, it has no second effect")
    .option("--wait", "print the answer; fails where the turn does not complete")
    .action(send);
}

async function send(session: string, words: string[], options: SendOptions): Promise<void> {
  const { id = randomUUID(), wait = false } = options;
  const api = new HttpApi(options, { role: "participant", session });
  const queued = await api.post(`v1/sessions/${session}/messages`, { id, text: words.join(" ") });
  const { turn, position } = isObject(queued) ? queued : {};
  if (typeof turn !== "string" || typeof position !== "number") {
    throw new CommandFailure("The server's answer names no turn.");
  }
  if (wait) await printAnswer(session, turn, position, options);
  else console.log(turn);
}

/** How the turn ended, as far as that is known; what is left when retention has passed it tells of the last turn only. */
interface TurnEnd {
  readonly outcome: Extract<SessionEvent, { type: "turn.ended" }>["outcome"] | "unknown";
  readonly reason?: string | undefined;
}

async function printAnswer(
  session: string,
  turn: string,
  after: number,
  connection: ConnectionOptions,
): Promise<void> {
  const interrupt = listenForInterrupt();
  const printer = new SessionPrinter();
  let end: TurnEnd | undefined;
  let messages: readonly PlacedMessage[] | undefined;
  try {
    await watchSession({
      connection,
      session,
      after,
      signal: interrupt.signal,
      onEvent: (event) => {
        process.stdout.write(printer.print(event));
        if (event.type !== "turn.ended" || event.turn !== turn) return false;
        end = event;
        return true;
      },
      // No turn runs where a snapshot stands: one that was queued before it and does not wait there is over.
      onReset: ({ messages: finished, lastOutcome, turns }) => {
        if (turns.some(({ id }) => id === turn)) return false;
        end = lastOutcome?.turn === turn ? lastOutcome : { outcome: "unknown" };
        messages = finished.filter((one) => one.turn === turn && one.message.role === "assistant");
        return true;
      },
    });
  } finally {
    interrupt.stop();
  }
  process.stdout.write(printer.finish());
  if (end === undefined) throw new CommandFailure(`Stopped waiting; turn ${turn} goes on.`);
  const past = `Turn ${turn} has ended; the log no longer has its events`;
  if (messages !== undefined && messages.length > 0)
    console.error(`${past}, and this is what they came to.`);
  for (const { message } of messages ?? []) process.stdout.write(printer.printMessage(message));
  if (end.outcome !== "completed" && end.outcome !== "unknown") {
    throw new CommandFailure(`The turn was ${end.outcome}${end.reason ? `: ${end.reason}` : "."}`);
  }
  if (messages?.length === 0) throw new CommandFailure(`${past}.`);
}
