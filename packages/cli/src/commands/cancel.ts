import { randomUUID } from "node:crypto";
import { Command } from "commander";
import type { ConnectionOptions } from "./connection.ts";
import { sessionId, withConnectionOptions } from "./connection.ts";
import { HttpApi } from "./http-api.ts";

/** `perdure cancel`: stops the running turn. */
export function cancelCommand(): Command {
  return withConnectionOptions(new Command("cancel"))
    .description("cancel the running turn, or a queued one")
    .argument("<session>", "session", sessionId)
    .option("--turn <turn>", "this turn (default: the running one)")
    .option("--id <id>", "id of this command: sent again with it, it has no second effect")
    .action(
      async (session: string, options: ConnectionOptions & { turn?: string; id?: string }) => {
        const { turn, id = randomUUID() } = options;
        const api = new HttpApi(options, { role: "participant", session });
        await api.post(`v1/sessions/${session}/cancel`, { id, turn });
        console.error("cancelled");
      },
    );
}
