import { Command, InvalidArgumentError, Option } from "commander";
import { isObject } from "perdure/protocol";
import type { ConnectionOptions } from "./connection.ts";
import { sessionId, withConnectionOptions } from "./connection.ts";
import { CommandFailure, EXIT } from "./failure.ts";
import { HttpApi } from "./http-api.ts";
import type { Duration } from "./token.ts";
import { duration } from "./token.ts";

/** The longest that the server has an invitation last, in seconds: a year. */
const LONGEST_SECONDS = 365 * 24 * 60 * 60;

/** How many people the server has an invitation let in, where there is a bound. */
const MOST_USES = 1_000;

interface InviteOptions extends ConnectionOptions {
  readonly role: string;
  readonly expires: Duration;
  readonly uses?: number;
}

/** `perdure invite`: prints a link with which people join a session. */
export function inviteCommand(): Command {
  return withConnectionOptions(new Command("invite"))
    .description("make a link with which people join a session, and print it")
    .argument("<session>", "session", sessionId)
    .addOption(
      new Option("--role <role>", "what they may do")
        .choices(["viewer", "participant"])
        .default("viewer"),
    )
    .option("--expires <time>", "until when it is good, such as 30m, 12h or 7d", duration, 86_400)
    .option("--uses <count>", "how many people may use it (default: any number)", count)
    .addHelpText(
      "after",
      "\nThe link goes to stdout, its id to stderr: `perdure revoke <session> --invitation <id>` takes back all that it gave.",
    )
    .action(async (session: string, options: InviteOptions) => {
      const { role, expires, uses } = options;
      if (expires === "never" || expires > LONGEST_SECONDS) {
        throw new CommandFailure(
          "An invitation expires: give --expires a time such as 7d, at most 365d.",
          EXIT.usage,
        );
      }
      const api = new HttpApi(options, { role: "admin", session });
      const made = await api.post(`v1/sessions/${session}/invitations`, {
        role,
        expiresInSeconds: expires,
        uses,
      });
      if (!isObject(made) || typeof made["link"] !== "string") {
        throw new CommandFailure("The server's answer holds no link.");
      }
      console.error(`invitation ${String(made["id"])}`);
      console.log(made["link"]);
    });
}

function count(text: string): number {
  if (/^[1-9]\d{0,3}$/.test(text) && Number(text) <= MOST_USES) return Number(text);
  throw new InvalidArgumentError(`A count is a whole number from 1 to ${MOST_USES}.`);
}
