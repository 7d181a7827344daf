import { join, resolve } from "node:path";
import { Command, Option } from "commander";
import { CLOSE, errorOf, isErrorCode } from "perdure/protocol";
import { VERSION } from "../package-version.ts";
import type { PartitionPolicy, RunEnd } from "../runner/index.ts";
import { FolderLockedError, runAgent } from "../runner/index.ts";
import type { ConnectionOptions } from "./connection.ts";
import { resolveToken, serverUrl, sessionId, withConnectionOptions } from "./connection.ts";
import { CommandFailure, EXIT } from "./failure.ts";
import { HttpApi } from "./http-api.ts";
import { listenForInterrupt } from "./interrupt.ts";

/** How long a session may be out of reach before `--on-partition=cancel` acts, in milliseconds. */
const DEFAULT_PARTITION_GRACE_MS = 60_000;

/** A lost frame is sent again after 5 s: less than twice that would cancel turns for it. */
const SHORTEST_PARTITION_GRACE_MS = 10_000;

const LONGEST_PARTITION_GRACE_MS = 24 * 3_600_000;

/** Milliseconds in each unit of `--partition-grace`. */
const MILLISECONDS_OF_UNIT: Readonly<Record<string, number>> = {
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
};

interface RunOptions extends ConnectionOptions {
  readonly session: string;
  readonly stateDir?: string;
  readonly cwd: string;
  readonly onPartition: PartitionPolicy["turn"];
  readonly partitionGrace?: number;
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
    .addOption(
      new Option("--on-partition <what>", "what the agent does when the session cannot be reached")
        .choices(["continue", "cancel"])
        .default("continue"),
    )
    .option(
      "--partition-grace <time>",
      "how long that may last before a turn is cancelled, 10s to 24h (default: 60s)",
      partitionGrace,
    )
    .option("--quiet", "say nothing but errors")
    .argument("<command>", "the agent's command, after --")
    .argument("[args...]", "its arguments")
    .passThroughOptions()
    .addHelpText(
      "after",
      `
Exit codes: 0 stopped by a signal; 7 another runner took over the session (a supervisor must not start this one again);
3 not let in; 4 no such session; 5 session terminated; 1 anything else.

When the session cannot be reached the agent works on by default: what it says is kept on disk, up to 256 MiB, and its
questions wait. With --on-partition=cancel it is asked to stop its turn, so that it does not work unseen.

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
  const onPartition = partitionPolicy(options);
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
      onPartition,
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

/** Parses a time into milliseconds. @throws CommandFailure where it is none, or out of bounds. */
export function partitionGrace(text: string): number {
  const match = /^([1-9]\d{0,5})([smh])$/.exec(text);
  const milliseconds = Number(match?.[1]) * (MILLISECONDS_OF_UNIT[match?.[2] ?? ""] ?? Number.NaN);
  if (milliseconds >= SHORTEST_PARTITION_GRACE_MS && milliseconds <= LONGEST_PARTITION_GRACE_MS) {
    return milliseconds;
  }
  throw new CommandFailure(
    `--partition-grace is a time from 10s to 24h, such as 90s, 30m or 12h; not ${JSON.stringify(text)}.`,
    EXIT.usage,
  );
}

/** What the options say of a partition. @throws CommandFailure where they contradict each other. */
export function partitionPolicy(
  options: Pick<RunOptions, "onPartition" | "partitionGrace">,
): PartitionPolicy {
  const { onPartition, partitionGrace: afterMs } = options;
  if (onPartition === "cancel") {
    return { turn: "cancel", afterMs: afterMs ?? DEFAULT_PARTITION_GRACE_MS };
  }
  if (afterMs === undefined) return { turn: "continue" };
  throw new CommandFailure(
    "--partition-grace goes with --on-partition=cancel: otherwise the agent works on without a limit of time.",
    EXIT.usage,
  );
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
