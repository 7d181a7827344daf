import { join, resolve } from "node:path";
import { Command } from "commander";
import { CLOSE, errorOf, isErrorCode } from "perdure/protocol";
import { VERSION } from "../package-version.ts";
import type { RunEnd } from "../runner/index.ts";
import { FolderLockedError, runAgent } from "../runner/index.ts";
import type { ConnectionOptions } from "./connection.ts";
import { resolveToken, serverUrl, sessionId, withConnectionOptions } from "./connection.ts";
import { CommandFailure, EXIT } from "./failure.ts";
import { HttpApi } from "./http-api.ts";
import { listenForInterrupt } from "./interrupt.ts";

interface RunOptions extends ConnectionOptions {
  readonly session: string;
  readonly stateDir?: string;
  readonly cwd: string;
  readonly create?: boolean;
  readonly title?: string;
  readonly quiet?: boolean;
}

/** `perdure run`: an agent, and the session that it works in. */
export function runCommand(): Command {
  return withConnectionOptions(new Command("run"))
    .description("run an agent of the Agent Client Protocol and relay it to a session")
    .requiredOption("--session <id>", "session to work in", sessionId)
    .option("--create", "create the session where there is none")
    .option("--title <title>", "title of a session that is created")
    .option("--state-dir <folder>", "this runner's own folder (default: <dir>/runs/<session>)")
    .option("--cwd <folder>", "folder that the agent works in", ".")
    .option("--quiet", "say nothing but errors")
    .argument("<command>", "the agent's command, after --")
    .argument("[args...]", "its arguments")
    .passThroughOptions()
    .addHelpText(
      "after",
      `
Exit codes: 0 stopped by a signal; 7 another runner took over the session (a supervisor must not start this one again);
3 not let in; 4 no such session; 5 session terminated; 1 anything else.

Example: perdure run --session demo --create -- npx @agentclientprotocol/claude-agent-acp`,
    )
    .action(run);
}

async function run(command: string, args: string[], options: RunOptions): Promise<void> {
  const { session, dir, quiet = false } = options;
  const log = (line: string): void => {
    if (!quiet) console.error(`perdure run: ${line}`);
  };
  const base = serverUrl(options.url);
  // A token that cannot be had is told at once, not tried again.
  await resolveToken(options, { role: "runner", session });
  if (options.create === true) await createSession(options);

  const interrupt = listenForInterrupt();
  try {
    const end = await runAgent({
      url: new URL(
        `v1/sessions/${encodeURIComponent(session)}/runner`,
        base.href.replace(/\/?$/, "/").replace(/^http/, "ws"),
      ).href,
      token: () => resolveToken(options, { role: "runner", session }),
      renewsToken: isMinted(options),
      stateDir: resolve(options.stateDir ?? join(dir, "runs", session)),
      agent: { command, args, cwd: resolve(options.cwd) },
      clientInfo: { name: "perdure", version: VERSION },
      signal: interrupt.signal,
      log,
    });
    report(end, log);
  } catch (error) {
    if (error instanceof FolderLockedError) throw new CommandFailure(error.message, EXIT.conflict);
    throw error;
  } finally {
    interrupt.stop();
  }
}

/** Creating a session takes more than running in it: the token that is made for this is used for nothing else. */
async function createSession(options: RunOptions): Promise<void> {
  const { session, title } = options;
  const api = new HttpApi(options, { role: "admin" });
  await api.post("v1/sessions", { id: session, ...(title === undefined ? {} : { title }) });
}

function isMinted({ token, tokenFile }: ConnectionOptions): boolean {
  return token === undefined && tokenFile === undefined && !process.env["PERDURE_TOKEN"];
}

/** @throws CommandFailure where the run ended otherwise than by a signal. */
function report(end: RunEnd, log: (line: string) => void): void {
  switch (end.kind) {
    case "stopped":
      return log("stopped");
    case "failed":
      throw end.error;
    case "refused":
      throw errorOf(end.problem);
    case "closed":
      throw closeFailure(end.code, end.reason);
  }
}

function closeFailure(code: number, reason: string): CommandFailure {
  switch (code) {
    case CLOSE.fenced:
      return new CommandFailure(
        "Another runner has taken over this session; this one has stopped.",
        EXIT.fenced,
      );
    case CLOSE.unauthorized:
      return new CommandFailure(
        "The token has expired or was revoked: get a new one.",
        EXIT.forbidden,
      );
    case CLOSE.forbidden:
      return new CommandFailure(
        "The token does not allow this: running takes the role `runner`.",
        EXIT.forbidden,
      );
    case CLOSE.notFound:
      return new CommandFailure(
        "There is no such session: create it, or add --create.",
        EXIT.notFound,
      );
    case CLOSE.terminated:
      return new CommandFailure("The session is terminated.", EXIT.conflict);
    default: {
      const why = isErrorCode(reason) || reason === "" ? `code ${code}` : reason;
      return new CommandFailure(`The session closed the connection for good (${why}).`);
    }
  }
}
