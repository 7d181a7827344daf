import { constants } from "node:os";
import { styleText } from "node:util";
import { Command, InvalidArgumentError, Option } from "commander";
import { isLoopback } from "./address.ts";
import { ServeError } from "./serve-error.ts";
import type { RunningServer } from "./serve.ts";
import { serve } from "./serve.ts";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** One press of Ctrl-C can arrive twice: from the terminal, and passed on by npm. */
const SAME_SIGNAL_MS = 500;

/** The options as they are typed. */
interface ServeArguments {
  readonly port: number;
  readonly host: string;
  readonly dir: string;
  readonly allowedHost: readonly string[];
  readonly allowedOrigin: readonly string[];
  readonly gateway?: URL;
  readonly maxConnections?: number;
  readonly verbose?: boolean;
  readonly worker?: string;
  readonly console?: string;
}

/**
 * The command `serve`, to be added to a program. It ends the process with 0 after a stop; where the server cannot run, it
 * throws a {@link ServeError}.
 */
export function serveCommand(): Command {
  return new Command("serve")
    .description("run a server on this machine, with SQLite on its disk")
    .option("--port <number>", "port to listen on; 0 takes a free one", parsePort, 8787)
    .option("--host <address>", "name or address to listen on", parseHost, "127.0.0.1")
    .option("--dir <folder>", "where the databases and the secret live", ".perdure")
    .option("--allowed-host <name>", "a further name to answer to, repeatable", collect, [])
    .option("--allowed-origin <url>", "a further origin of pages, repeatable", parseOrigin, [])
    .option(
      "--gateway <url>",
      "call this gateway where a session has work and no runner (see `perdure gateway`)",
      parseGatewayUrl,
    )
    .option(
      "--max-connections <number>",
      "refuse connections past this many, to have fewer than the limit of open files permits",
      parseCount,
    )
    .option("--verbose", "show all that the server logs")
    .addOption(new Option("--worker <file>", "a Worker in place of the built one").hideHelp())
    .addOption(new Option("--console <folder>", "files in place of the console").hideHelp())
    .action(run);
}

async function run(args: ServeArguments): Promise<void> {
  if (process.platform === "win32")
    throw new ServeError(
      "not_installed",
      "The server runs on Linux and macOS; on Windows, run it inside WSL.",
    );
  // A reader of the output that went away ends other commands, and is no reason to end a server.
  for (const output of [process.stdout, process.stderr])
    output.removeAllListeners("error").on("error", () => {});
  const { setServer } = handleSignals();
  const server = await serve({
    ...args,
    allowedHosts: args.allowedHost,
    allowedOrigins: args.allowedOrigin,
    workerPath: args.worker,
    consolePath: args.console,
  });
  setServer(server);
  announce(server, args);
  process.exit(await server.exited);
}

/** Stops the server at the first signal and kills it at the second; before it runs there is nothing to stop. */
function handleSignals(): { readonly setServer: (server: RunningServer) => void } {
  let server: RunningServer | undefined;
  let firstAt: number | undefined;
  const onSignal = (signal: (typeof SIGNALS)[number]) => {
    const now = performance.now();
    if (firstAt === undefined) {
      firstAt = now;
      // Ending this process ends workerd, too.
      if (server === undefined) process.exit(0);
      console.error("Closing connections. Again to end at once.");
      void server.stop();
    } else if (now - firstAt >= SAME_SIGNAL_MS) {
      process.exit(128 + constants.signals[signal]);
    }
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
  return {
    setServer: (running) => {
      server = running;
    },
  };
}

function announce({ loginUrl, dir }: RunningServer, { host, port }: ServeArguments): void {
  const url = styleText("bold", loginUrl, { stream: process.stdout });
  // In one piece: whoever reads the first line finds the second.
  console.log(`Open   ${url}\nData   ${dir}`);
  if (isLoopback({ host, port })) return;
  console.error(
    `${host} can be reached from other machines, without encryption: on a network that is not yours put a proxy with TLS in front. Names besides localhost need --allowed-host.`,
  );
}

function parsePort(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535)
    throw new InvalidArgumentError("It is a number from 0 to 65535.");
  return port;
}

/** In URLs an IPv6 address stands in brackets; here it may. */
function parseHost(text: string): string {
  const host = text.replace(/^\[(.*)\]$/, "$1");
  if (host === "" || /[\s/]/.test(host))
    throw new InvalidArgumentError("It is a name or an IP address.");
  return host;
}

function parseOrigin(text: string, before: readonly string[]): string[] {
  const origin = URL.canParse(text) ? new URL(text).origin : "null";
  if (origin === "null")
    throw new InvalidArgumentError("It is the beginning of a URL, such as https://name.");
  return [...before, origin];
}

function parseGatewayUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isHere =
    url?.protocol === "http:" &&
    isLoopback({ host: url.hostname.replace(/^\[(.*)\]$/, "$1"), port: 0 });
  if (url === undefined || !(isHere || url.protocol === "https:"))
    throw new InvalidArgumentError("It is an https URL; http is for this machine alone.");
  return url;
}

function parseCount(text: string): number {
  if (!/^[1-9]\d*$/.test(text)) throw new InvalidArgumentError("It is a number from 1 up.");
  return Number(text);
}

function collect(text: string, before: readonly string[]): string[] {
  return [...before, text];
}
