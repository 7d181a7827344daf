import { Command } from "commander";
import { uuidv7 } from "perdure/client";
import { isObject } from "perdure/protocol";
import type { ConnectionOptions } from "./connection.ts";
import { sessionId, withConnectionOptions } from "./connection.ts";
import { CommandFailure, EXIT } from "./failure.ts";
import { HttpApi } from "./http-api.ts";

/** `perdure fork`: makes a new session of another one, and prints its id. */
export function forkCommand(): Command {
  return withConnectionOptions(new Command("fork"))
    .description("make a new session of another one, up to a position, and print its id")
    .argument("<session>", "id of the session that is copied", sessionId)
    .option("--at <position>", "last position that is copied; without it, all", position)
    .option("--id <id>", "id of the new session; without it, a new one", sessionId)
    .option("--title <title>", "title of the new session; without it, that of the other one")
    .action(
      async (
        session: string,
        options: ConnectionOptions & { at?: number; id?: string; title?: string },
      ) => {
        const { at, id = uuidv7(Date.now()), title } = options;
        const api = new HttpApi(options, { role: "admin" });
        const made = await api.post(`v1/sessions/${session}/fork`, { id, at, title });
        if (!isObject(made) || typeof made["id"] !== "string")
          throw new CommandFailure("The server's answer names no session.");
        console.log(made["id"]);
      },
    );
}

function position(value: string): number {
  const number = Number(value);
  if (/^\d+$/.test(value) && Number.isSafeInteger(number) && number > 0) return number;
  throw new CommandFailure(
    `--at must be a position: a whole number from 1, not ${JSON.stringify(value)}.`,
    EXIT.usage,
  );
}
