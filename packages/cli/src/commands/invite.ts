import { Command, InvalidArgumentError, Option } from "commander";
import { isObject } from "perdure/protocol";
import type { ConnectionOptions } from "./connection.ts";
import { sessionId, withConnectionOptions } from "./connection.ts";
import { CommandFailure, EXIT } from "./failure.ts";
import { HttpApi } from "./http-api.ts";
import { duration } from "./token.ts";

interface InviteOptions extends ConnectionOptions {
  readonly role: string;
  readonly expires: number | null;
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
      if (expires === null) {
        throw new CommandFailure("An invitation expires: give a time such as 7d.", EXIT.usage);
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
  if (/^[1-9]\d{0,3}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("A count is a whole number from 1.");
}
