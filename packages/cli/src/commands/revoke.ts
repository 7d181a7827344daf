import { Command } from "commander";
import type { ConnectionOptions } from "./connection.ts";
import { sessionId, withConnectionOptions } from "./connection.ts";
import { CommandFailure, EXIT } from "./failure.ts";
import { HttpApi } from "./http-api.ts";

interface RevokeOptions extends ConnectionOptions {
  readonly subject?: string;
  readonly invitation?: string;
  readonly jti?: string;
}

/** `perdure revoke`: sends somebody away from a session. */
export function revokeCommand(): Command {
  return withConnectionOptions(new Command("revoke"))
    .description("take back what tokens allow in a session: their connections close at once")
    .argument("<session>", "session", sessionId)
    .option("--subject <name>", "all that this one was given up to now")
    .option("--invitation <id>", "an invitation, and all that it gave")
    .option("--jti <id>", "one token, by its id")
    .action(async (session: string, options: RevokeOptions) => {
      const { subject, invitation, jti: token } = options;
      if ([subject, invitation, token].filter((one) => one !== undefined).length !== 1) {
        throw new CommandFailure(
          "Say what to revoke: one of --subject, --invitation and --jti.",
          EXIT.usage,
        );
      }
      const api = new HttpApi(options, { role: "admin", session });
      await api.post(`v1/sessions/${session}/revocations`, { subject, invitation, token });
      console.error("revoked");
    });
}
