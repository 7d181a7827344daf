import { mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { Command } from "commander";
import { webhookKey } from "perdure/protocol";
import type { ConnectionOptions } from "../commands/connection.ts";
import { serverUrl, withConnectionOptions } from "../commands/connection.ts";
import { CommandFailure, EXIT } from "../commands/failure.ts";
import { listenForInterrupt } from "../commands/interrupt.ts";
import { idleTime } from "../commands/run.ts";
import type { ListenAddress } from "../serve/address.ts";
import { formatAddress, isLoopback } from "../serve/address.ts";
import { gatewaySecret } from "../serve/secret.ts";
import { placesOf, startGateway } from "./gateway.ts";

/** Where a gateway listens unless told otherwise. */
const DEFAULT_LISTEN = "127.0.0.1:7420";

/** Runners at once unless told otherwise: each is an agent with a model's context. */
const DEFAULT_MAX = 4;

interface GatewayArguments extends ConnectionOptions {
  readonly listen: ListenAddress;
  readonly max: number;
  readonly idle: string;
  readonly root: readonly string[];
  readonly worktree?: string;
  readonly keepWorktrees?: boolean;
  readonly agent?: string;
}

/** `perdure gateway`: starts runners for the sessions that call it. */
export function gatewayCommand(): Command {
  return withConnectionOptions(new Command("gateway"))
    .description("start a runner for each session that asks for one, and let it go when it is idle")
    .option(
      "--listen <host:port>",
      "address to listen on",
      parseListen,
      parseListen(DEFAULT_LISTEN),
    )
    .option("--max <number>", "most runners at once", parseMax, DEFAULT_MAX)
    .option(
      "--idle <time>",
      "let a runner go that has had nothing to do for so long",
      parseIdle,
      "10m",
    )
    .option(
      "--root <folder>",
      "folder that agents may work in, repeatable (default: this one)",
      collect,
      [],
    )
    .option("--worktree <folder>", "give each session a git worktree of its own in this folder")
    .option(
      "--keep-worktrees",
      "keep the worktrees of sessions that are over, also those with nothing new",
    )
    .option("--agent <name>", "name by which sessions may ask for this agent")
    .argument("<command>", "the agent's command, after --")
    .argument("[args...]", "its arguments")
    .passThroughOptions()
    .addHelpText(
      "after",
      `
Calls are signed with PERDURE_GATEWAY_SECRET, or where that is not set with the secret in the file gateway-secret of --dir,
which \`perdure serve\` on the same folder uses too. On one machine, two commands are all:

  perdure serve --gateway http://${DEFAULT_LISTEN}
  perdure gateway -- npx @agentclientprotocol/claude-agent-acp`,
    )
    .action(run);
}

async function run(command: string, args: string[], options: GatewayArguments): Promise<void> {
  const { listen, dir, root, worktree, max, idle, agent: agentName } = options;
  serverUrl(options.url);
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const secret = gatewaySecret(dir);
  // What is wrong with it is told now, not with the first call.
  webhookKey(secret);
  const interrupt = listenForInterrupt();
  const gateway = await startGateway({
    connection: { ...options, dir: resolve(dir) },
    address: listen,
    secret,
    stateRoot: resolve(join(dir, "runs")),
    program: process.argv[1] ?? "",
    agent: [command, ...args],
    agentName,
    keepsWorktrees: options.keepWorktrees,
    places: placesOf(root.length === 0 ? ["."] : root, worktree),
    max,
    idle,
    log,
  }).catch((error: unknown) => {
    interrupt.stop();
    throw new CommandFailure(
      `The gateway cannot listen on ${formatAddress(listen)}: ${error instanceof Error ? error.message : String(error)}.`,
    );
  });
  console.log(`Gateway ${gateway.url}`);
  if (!isLoopback(listen))
    log("other machines can reach it, without encryption: put a proxy with TLS in front.");
  await new Promise<void>((resolve) => {
    if (interrupt.signal.aborted) resolve();
    else interrupt.signal.addEventListener("abort", () => resolve(), { once: true });
  });
  log("ending all runners");
  await gateway.stop();
  interrupt.stop();
}

function log(line: string): void {
  console.error(`perdure gateway: ${line}`);
}

function parseListen(text: string): ListenAddress {
  const match = /^(?:\[([0-9a-f:]+)\]|([^\s:/]+)):(\d{1,5})$/i.exec(text);
  const port = Number(match?.[3]);
  const host = match?.[1] ?? match?.[2];
  if (host !== undefined && port <= 65_535) return { host, port };
  throw new CommandFailure(
    `--listen is an address such as ${DEFAULT_LISTEN}; not ${JSON.stringify(text)}.`,
    EXIT.usage,
  );
}

function parseMax(text: string): number {
  if (/^[1-9]\d{0,3}$/.test(text)) return Number(text);
  throw new CommandFailure(
    `--max is a number from 1 to 9999; not ${JSON.stringify(text)}.`,
    EXIT.usage,
  );
}

/** Handed on as it is: each runner reads it. */
function parseIdle(text: string): string {
  idleTime(text);
  return text;
}

const collect = (text: string, before: readonly string[]): string[] => [...before, text];
