import { randomUUID } from "node:crypto";
import { Command } from "commander";
import type { SessionEvent } from "perdure/protocol";
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

async function printAnswer(
  session: string,
  turn: string,
  after: number,
  connection: ConnectionOptions,
): Promise<void> {
  const interrupt = listenForInterrupt();
  const printer = new SessionPrinter();
  let end: Extract<SessionEvent, { type: "turn.ended" }> | undefined;
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
      onReset: () => {},
    });
  } finally {
    interrupt.stop();
  }
  process.stdout.write(printer.finish());
  if (end === undefined) throw new CommandFailure(`Stopped waiting; turn ${turn} goes on.`);
  if (end.outcome !== "completed") {
    throw new CommandFailure(`The turn was ${end.outcome}${end.reason ? `: ${end.reason}` : "."}`);
  }
}
