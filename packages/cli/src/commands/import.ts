import { createReadStream } from "node:fs";
import { access } from "node:fs/promises";
import { Readable } from "node:stream";
import { Command } from "commander";
import { uuidv7 } from "perdure/client";
import { isObject } from "perdure/protocol";
import type { ConnectionOptions } from "./connection.ts";
import { sessionId, withConnectionOptions } from "./connection.ts";
import { CommandFailure, EXIT } from "./failure.ts";
import { HttpApi } from "./http-api.ts";

/** `perdure import`: makes a session of an export, and prints its id. */
export function importCommand(): Command {
  return withConnectionOptions(new Command("import"))
    .description("make a session of what `perdure export` wrote, and print its id")
    .argument("<file>", "the export; `-` for standard input")
    .option("--id <id>", "id of the session; without it, a new one", sessionId)
    .action(async (file: string, options: ConnectionOptions & { id?: string }) => {
      const id = options.id ?? uuidv7(Date.now());
      const api = new HttpApi(options, { role: "admin" });
      const made = await api.upload(`v1/sessions/${id}/import`, await bytesOf(file));
      if (!isObject(made) || typeof made["id"] !== "string")
        throw new CommandFailure("The server's answer names no session.");
      console.log(made["id"]);
    });
}

async function bytesOf(file: string): Promise<ReadableStream<Uint8Array>> {
  if (file === "-") return Readable.toWeb(process.stdin) as ReadableStream<Uint8Array>;
  try {
    await access(file);
  } catch (error) {
    throw new CommandFailure(`The file cannot be read: ${file}.`, EXIT.usage, { cause: error });
  }
  return Readable.toWeb(createReadStream(file)) as ReadableStream<Uint8Array>;
}
