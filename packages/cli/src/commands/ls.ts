import { Command } from "commander";
import { isObject } from "perdure/protocol";
import type { ConnectionOptions } from "./connection.ts";
import { withConnectionOptions } from "./connection.ts";
import { HttpApi } from "./http-api.ts";
import { ago, table } from "./text-table.ts";

/** `perdure ls`: the sessions of the token's subject. */
export function lsCommand(): Command {
  return withConnectionOptions(new Command("ls"))
    .description("list sessions, the one that changed last first")
    .option("--json", "one JSON object a line")
    .option("--limit <count>", "at most this many", "50")
    .action(async (options: ConnectionOptions & { json?: boolean; limit: string }) => {
      const api = new HttpApi(options, { role: "viewer" });
      const answer = await api.get(`v1/sessions?limit=${encodeURIComponent(options.limit)}`);
      const list = isObject(answer) ? answer["sessions"] : undefined;
      const sessions = Array.isArray(list) ? list.filter(isObject) : [];
      if (options.json === true) {
        for (const session of sessions) console.log(JSON.stringify(session));
        return;
      }
      const rows = sessions.map((session) => [
        String(session["id"]),
        session["lifecycle"] === "active"
          ? String(session["status"])
          : String(session["lifecycle"]),
        ago(Number(session["updatedAt"]), Date.now()),
        typeof session["title"] === "string" ? session["title"] : "",
      ]);
      console.log(table(["SESSION", "STATUS", "CHANGED", "TITLE"], rows));
    });
}
