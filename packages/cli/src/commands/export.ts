import { createWriteStream } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { Readable } from "node:stream";
import { Command } from "commander";
import type { ConnectionOptions } from "./connection.ts";
import { sessionId, withConnectionOptions } from "./connection.ts";
import { HttpApi } from "./http-api.ts";

/** `perdure export`: a session as JSON Lines, into a file or to standard output. */
export function exportCommand(): Command {
  return withConnectionOptions(new Command("export"))
    .description("write a session as JSON Lines, with a checksum at the end")
    .argument("<session>", "id of the session", sessionId)
    .argument("[file]", "where to write it; without it, standard output")
    .option("--at <position>", "last position that is written; without it, all")
    .action(
      async (
        session: string,
        file: string | undefined,
        options: ConnectionOptions & { at?: string },
      ) => {
        const api = new HttpApi(options, { role: "participant", session });
        const query = options.at === undefined ? "" : `?at=${encodeURIComponent(options.at)}`;
        const lines = Readable.from(await api.download(`v1/sessions/${session}/export${query}`));
        if (file === undefined) return pipeline(lines, process.stdout, { end: false });
        return writeWhole(lines, file);
      },
    );
}

/** A file that was there stays until the new one is whole. */
async function writeWhole(lines: Readable, file: string): Promise<void> {
  const partial = `${file}.partial`;
  try {
    await pipeline(lines, createWriteStream(partial));
    await rename(partial, file);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
}
