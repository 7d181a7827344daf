import { Command } from "commander";
import { isObject } from "perdure/protocol";
import type { ConnectionOptions } from "./connection.ts";
import { sessionId, withConnectionOptions } from "./connection.ts";
import { CommandFailure } from "./failure.ts";
import { HttpApi } from "./http-api.ts";

interface NewOptions {
  readonly id?: string;
  readonly title?: string;
  readonly gateway?: string;
  readonly cwd?: string;
  readonly worktree?: string;
  readonly agent?: string;
}

/** `perdure new`: prints the id of the session that it creates. */
export function newCommand(): Command {
  return withConnectionOptions(new Command("new"))
    .description("create a session and print its id")
    .option("--id <id>", "id of one's own; creating it again has no effect", sessionId)
    .option("--title <title>", "title to show in lists")
    .option("--gateway <url>", "gateway to call for a runner (default: the server's)")
    .option("--cwd <folder>", "folder on the gateway's machine that the agent works in")
    .option("--worktree <folder>", "git worktree that it works in, made of --cwd's repository")
    .option("--agent <name>", "the gateway's agent of this name")
    .action(async (options: ConnectionOptions & NewOptions) => {
      const { id, title, gateway: url, cwd, worktree, agent } = options;
      const isPlaced = [url, cwd, worktree, agent].some((one) => one !== undefined);
      const gateway = isPlaced ? { url, cwd, worktree, agent } : undefined;
      const api = new HttpApi(options, { role: "admin" });
      const created = await api.post("v1/sessions", { id, title, gateway });
      if (!isObject(created) || typeof created["id"] !== "string") {
        throw new CommandFailure("The server's answer names no session.");
      }
      console.log(created["id"]);
    });
}
