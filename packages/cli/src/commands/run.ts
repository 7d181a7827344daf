import { join, resolve } from "node:path";
import { Command, Option } from "commander";
import { CLOSE, errorOf, isErrorCode } from "perdure/protocol";
import { VERSION } from "../package-version.ts";
import type { PartitionPolicy, RunEnd } from "../runner/index.ts";
import { FolderLockedError, openWorktree, runAgent } from "../runner/index.ts";
import type { ConnectionOptions } from "./connection.ts";
import { resolveToken, serverUrl, sessionId, withConnectionOptions } from "./connection.ts";
import { CommandFailure, EXIT } from "./failure.ts";
import { HttpApi } from "./http-api.ts";
import { listenForInterrupt } from "./interrupt.ts";
import { obeyParent } from "./parent-process.ts";
import { millisecondsOf } from "./time.ts";

/** How long a session may be out of reach before `--on-partition=cancel` acts, in milliseconds. */
const DEFAULT_PARTITION_GRACE_MS = 60_000;

/** A lost frame is sent again after 5 s: less than twice that would cancel turns for it. */
const SHORTEST_PARTITION_GRACE_MS = 10_000;

const LONGEST_PARTITION_GRACE_MS = 24 * 3_600_000;

const SHORTEST_IDLE_MS = 1_000;

const LONGEST_IDLE_MS = 24 * 3_600_000;

interface RunOptions extends ConnectionOptions {
  readonly session: string;
  readonly stateDir?: string;
  readonly cwd: string;
  readonly onPartition: PartitionPolicy["turn"];
  readonly partitionGrace?: number;
  readonly worktree?: string;
  readonly exitWhenIdle?: number;
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
    .option(
      "--worktree <folder>",
      "work in this git worktree of the repository at --cwd, made where there is none",
    )
    .option(
      "--exit-when-idle <time>",
      "leave when there has been nothing to do for so long, 1s to 24h (default: stay)",
      idleTime,
    )
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
Exit codes: 0 stopped by a signal, or idle for --exit-when-idle; 7 another runner took over the session (a supervisor must not start this one again);
3 not let in; 4 no such session; 5 session terminated; 1 anything else.

When the session cannot be reached the agent works on by default: what it says is kept on disk, up to 256 MiB, and its
questions wait. With --on-partition=cancel it is asked to stop its turn, so that it does not work unseen.

Example: perdure run --session demo --create -- npx @agentclientprotocol/claude-agent-acp`,
    )
    .action(run);
}

async function run(command: string, args: string[], options: RunOptions): Promise<void> {
  const { session, dir, quiet = false } = options;
  // Many runners of one gateway share a terminal.
  const who = process.send === undefined ? "perdure run" : `perdure run ${session}`;
  const log = (line: string): void => {
    if (!quiet) console.error(`${who}: ${line}`);
  };
  const base = serverUrl(options.url);
  const onPartition = partitionPolicy(options);
  // A token that cannot be had is told at once, not tried again.
  await resolveToken(options, { role: "runner", session });
  if (options.create === true) await createSession(options);
  const cwd = resolve(options.cwd);
  const worktree = options.worktree === undefined ? undefined : resolve(options.worktree);
  if (worktree !== undefined) await openWorktree(cwd, worktree);

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
      agent: { command, args, cwd: worktree ?? cwd },
      repository: worktree === undefined ? undefined : cwd,
      clientInfo: { name: "perdure", version: VERSION },
      onPartition,
      exitWhenIdleMs: options.exitWhenIdle,
      onIdleControl: obeyParent,
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
  const milliseconds = millisecondsOf(text);
  if (milliseconds >= SHORTEST_PARTITION_GRACE_MS && milliseconds <= LONGEST_PARTITION_GRACE_MS) {
    return milliseconds;
  }
  throw new CommandFailure(
    `--partition-grace is a time from 10s to 24h, such as 90s, 30m or 12h; not ${JSON.stringify(text)}.`,
    EXIT.usage,
  );
}

/** Parses a time into milliseconds. @throws CommandFailure where it is none, or out of bounds. */
export function idleTime(text: string): number {
  const milliseconds = millisecondsOf(text);
  if (milliseconds >= SHORTEST_IDLE_MS && milliseconds <= LONGEST_IDLE_MS) return milliseconds;
  throw new CommandFailure(
    `An idle time is from 1s to 24h, such as 90s, 10m or 2h; not ${JSON.stringify(text)}.`,
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
    case "idle":
      return log("left: there was nothing to do");
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
