import { Command, InvalidArgumentError } from "commander";
import type { ConnectionOptions } from "./connection.ts";
import { sessionId, withConnectionOptions } from "./connection.ts";
import { HttpApi } from "./http-api.ts";
import { listenForInterrupt } from "./interrupt.ts";
import { SessionPrinter } from "./session-printer.ts";
import { watchSession } from "./watch-session.ts";

interface TailOptions extends ConnectionOptions {
  readonly after: number;
  readonly json?: boolean;
  readonly follow?: boolean;
}

/** `perdure tail`: what happened after a position, and with `--follow` what happens next. */
export function tailCommand(): Command {
  return withConnectionOptions(new Command("tail"))
    .description("print a session's durable events")
    .argument("<session>", "session", sessionId)
    .option("--after <position>", "begin after this position", position, 0)
    .option("--json", 'one JSON object a line: {"position":…,"event":{…}}')
    .option("-f, --follow", "go on with what happens, until Ctrl-C")
    .addHelpText(
      "after",
      "\nThe last line on stderr is the cursor: give it to --after to go on from there without a gap or a repeat.",
    )
    .action(tail);
}

async function tail(session: string, options: TailOptions): Promise<void> {
  const { after, json = false, follow = false } = options;
  // Asked first because HTTP says at once what is wrong; a socket only tries again.
  await new HttpApi(options, { role: "viewer", session }).get(`v1/sessions/${session}`);
  const printer = new SessionPrinter();
  const interrupt = listenForInterrupt();
  try {
    const cursor = await watchSession({
      connection: options,
      session,
      after,
      signal: interrupt.signal,
      onEvent: (event, position) => {
        process.stdout.write(
          json ? `${JSON.stringify({ position, event })}\n` : printer.print(event),
        );
        return false;
      },
      onReset: (snapshot) => {
        console.error(
          `The events up to ${snapshot.position} are no longer kept; this is what they came to.`,
        );
        const lines = json
          ? `${JSON.stringify({ position: snapshot.position, snapshot })}\n`
          : snapshot.messages.map(({ message }) => printer.printMessage(message)).join("");
        process.stdout.write(lines);
        return false;
      },
      onLive: () => !follow,
    });
    if (!json) process.stdout.write(printer.finish());
    console.error(`cursor ${cursor}`);
  } finally {
    interrupt.stop();
  }
}

function position(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("A position is a whole number from 0.");
}
