import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Option } from "commander";
import type { Command } from "commander";
import { signToken } from "perdure/auth/tokens";
import type { Role } from "perdure/protocol";
import { isObject } from "perdure/protocol";
import { CommandFailure, EXIT } from "./failure.ts";
import { LOCAL_SUBJECT } from "./local-server.ts";

/** The options that say which server, and as whom. */
export interface ConnectionOptions {
  readonly url: string;
  readonly token?: string;
  readonly tokenFile?: string;
  readonly dir: string;
}

/** Where `perdure serve` listens unless told otherwise. */
export const DEFAULT_URL = "http://127.0.0.1:8787";

/** Where `perdure serve` keeps its data unless told otherwise. */
export const DEFAULT_DIR = ".perdure";

/** How long a token that this program makes for itself is good, in seconds: a new one is made for every connection. */
const OWN_TOKEN_SECONDS = 24 * 60 * 60;

/** Adds the options that every command to a server has. */
export function withConnectionOptions(command: Command): Command {
  return command
    .addOption(
      new Option("--url <url>", "address of the server").default(DEFAULT_URL).env("PERDURE_URL"),
    )
    .option("--token <token>", "token; others on this machine may see it, so prefer PERDURE_TOKEN")
    .option("--token-file <file>", "file that holds the token")
    .option(
      "--dir <folder>",
      "data folder of a local server: its secret makes a token where none is given",
      DEFAULT_DIR,
    )
    .option("--verbose", "say more where something fails");
}

/** What a token that this program makes for itself has to allow. */
export interface TokenNeed {
  readonly role: Role;
  /** Id of the only session it is for; without it, every session. */
  readonly session?: string;
}

/**
 * The token to use: `--token`, else `--token-file`, else `PERDURE_TOKEN`, else one made from a local server's secret, where
 * the server is on this machine.
 *
 * @returns undefined where there is none; the server then says what it thinks of that.
 * @throws CommandFailure where a file that was named cannot be read.
 */
export async function resolveToken(
  options: ConnectionOptions,
  need: TokenNeed,
): Promise<string | undefined> {
  const { token, tokenFile, dir, url } = options;
  if (token !== undefined) return token;
  if (tokenFile !== undefined) return readText(tokenFile, "--token-file");
  const fromEnvironment = process.env["PERDURE_TOKEN"];
  if (fromEnvironment !== undefined && fromEnvironment !== "") return fromEnvironment;
  if (!isLoopback(url)) return undefined;
  const secret = await readSecret(dir);
  if (secret === undefined) return undefined;
  return mintToken(secret, { ...need, expiresInSeconds: OWN_TOKEN_SECONDS });
}

/**
 * Makes a token from a server's secret, as docs/PROTOCOL.md has it: a compact JWT, HS256, whose key is the UTF-8 bytes of the
 * secret's text. `expiresInSeconds` null: it is good for as long as the secret is.
 */
export function mintToken(
  secret: string,
  request: TokenNeed & { readonly subject?: string; readonly expiresInSeconds: number | null },
): Promise<string> {
  const { subject = LOCAL_SUBJECT, session = "*", role, expiresInSeconds } = request;
  return signToken(secret, { subject, session, role, expiresInSeconds });
}

/** The secret of the local server with this data folder; undefined where there is none. */
export async function readSecret(dir: string): Promise<string | undefined> {
  try {
    return (await readFile(join(dir, "secret"), "utf8")).trim();
  } catch (error) {
    if (isObject(error) && error["code"] === "ENOENT") return undefined;
    throw new CommandFailure(
      `The secret in ${dir} cannot be read: run this as the user of the server, or give a token.`,
      EXIT.forbidden,
      { cause: error },
    );
  }
}

/** The address as a URL. @throws CommandFailure where it is none, or not one of HTTP. */
export function serverUrl(url: string): URL {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed?.protocol === "http:" || parsed?.protocol === "https:") return parsed;
  throw new CommandFailure(
    `--url must be an address such as ${DEFAULT_URL}, not ${JSON.stringify(url)}.`,
    EXIT.usage,
  );
}

/** The id of a session as the command line has it. @throws CommandFailure where it cannot be one. */
export function sessionId(value: string): string {
  if (/^[A-Za-z0-9_-]{1,64}$/.test(value)) return value;
  throw new CommandFailure(
    `A session's id is 1 to 64 letters, digits, "_" and "-", not ${JSON.stringify(value)}.`,
    EXIT.usage,
  );
}

function isLoopback(url: string): boolean {
  const { hostname } = serverUrl(url);
  return hostname === "localhost" || hostname === "[::1]" || /^127(\.\d+){3}$/.test(hostname);
}

async function readText(path: string, option: string): Promise<string> {
  try {
    return (await readFile(path, "utf8")).trim();
  } catch (error) {
    throw new CommandFailure(`The file of ${option} cannot be read: ${path}.`, EXIT.usage, {
      cause: error,
    });
  }
}
