import { Command } from "commander";
import { isObject } from "perdure/protocol";
import type { ConnectionOptions } from "./connection.ts";
import { sessionId, withConnectionOptions } from "./connection.ts";
import { CommandFailure } from "./failure.ts";
import { HttpApi } from "./http-api.ts";

/** `perdure new`: prints the id of the session that it creates. */
export function newCommand(): Command {
  return withConnectionOptions(new Command("new"))
    .description("create a session and print its id")
    .option("--id <id>", "id of one's own; creating it again has no effect", sessionId)
    .option("--title <title>", "title to show in lists")
    .action(async (options: ConnectionOptions & { id?: string; title?: string }) => {
      const { id, title } = options;
      const api = new HttpApi(options, { role: "admin" });
      const created = await api.post("v1/sessions", { id, title });
      if (!isObject(created) || typeof created["id"] !== "string") {
        throw new CommandFailure("The server's answer names no session.");
      }
      console.log(created["id"]);
    });
}
