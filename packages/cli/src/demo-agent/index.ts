import { lstatSync, mkdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Readable, Writable } from "node:stream";
import { parseArgs } from "node:util";
import { ndJsonStream } from "@agentclientprotocol/sdk";
import { createDemoAgent } from "./agent.ts";
import { TranscriptStore } from "./transcript-store.ts";

export { demoChunks, demoText, INTRODUCTION } from "./text.ts";

/** How to run the demo agent. */
export interface DemoAgentOptions {
  /** Carries the protocol from the client, one JSON message a line. Its end ends the agent. */
  readonly stdin: Readable;
  /** Carries the protocol to the client; nothing else is ever written to it. */
  readonly stdout: Writable;
  /** Where transcripts are kept. Default: a folder of the current user under the system's folder for temporary files. */
  readonly stateDir?: string;
  /** The folder to read and edit in, whatever folder the client names. Default: the folder that the client names. */
  readonly cwd?: string;
  /** Offer `session/resume`. Default true. */
  readonly resume?: boolean;
  /** Offer `session/load`. Default true. */
  readonly load?: boolean;
  /** Receives a line for each thing that happens, never a prompt's text. Default: nothing is logged. */
  readonly log?: (line: string) => void;
}

/**
 * Serves one client of the Agent Client Protocol (version 1) until `stdin` ends, without a network and without a model.
 *
 * @throws Error when the default state folder belongs to someone else.
 */
export async function runDemoAgent(options: DemoAgentOptions): Promise<void> {
  const { stdin, stdout, stateDir, cwd, resume = true, load = true, log = () => {} } = options;
  const app = createDemoAgent({
    store: new TranscriptStore(stateDir === undefined ? defaultStateFolder() : resolve(stateDir)),
    folder: cwd === undefined ? undefined : resolve(cwd),
    resume,
    load,
    log,
  });
  const connection = app.connect(
    ndJsonStream(Writable.toWeb(stdout), Readable.toWeb(stdin) as ReadableStream<Uint8Array>),
  );
  log("ready");
  await connection.closed;
  log("the client is gone");
}

/**
 * Reads the command line of `perdure demo-agent`: `--state-dir <folder>`, `--cwd <folder>`, `--no-resume`, `--no-load`,
 * `--verbose` (log to stderr).
 *
 * @throws TypeError naming the argument that it does not know.
 */
export function parseDemoAgentArguments(
  args: readonly string[],
): Omit<DemoAgentOptions, "stdin" | "stdout"> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      "state-dir": { type: "string" },
      cwd: { type: "string" },
      "no-resume": { type: "boolean", default: false },
      "no-load": { type: "boolean", default: false },
      verbose: { type: "boolean", default: false },
    },
  });
  const { cwd, verbose, "state-dir": stateDir } = values;
  return {
    ...(stateDir === undefined ? {} : { stateDir }),
    ...(cwd === undefined ? {} : { cwd }),
    resume: !values["no-resume"],
    load: !values["no-load"],
    ...(verbose ? { log: (line: string) => process.stderr.write(`demo-agent: ${line}\n`) } : {}),
  };
}

/** In a folder that all users share, a folder of that name may have been made by another user to read or lead the agent. */
function defaultStateFolder(): string {
  const userId = process.getuid?.();
  const folder = join(tmpdir(), `perdure-demo-agent-${userId ?? "user"}`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const status = lstatSync(folder);
  if (!status.isDirectory() || (userId !== undefined && status.uid !== userId)) {
    throw new Error(`${folder} belongs to someone else. Choose another folder with --state-dir.`);
  }
  return folder;
}
