import { Command, Option } from "commander";
import type { Role } from "perdure/protocol";
import { DEFAULT_DIR, mintToken, readSecret, sessionId } from "./connection.ts";
import { CommandFailure, EXIT } from "./failure.ts";

/** Seconds in each unit of `--expires`. */
const SECONDS_OF_UNIT: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 };

interface TokenOptions {
  readonly session: string;
  readonly role: Role;
  readonly expires: Duration;
  readonly subject?: string;
  readonly dir: string;
}

/** `perdure token`: prints a token that a local server takes. */
export function tokenCommand(): Command {
  return new Command("token")
    .description("make a token from a local server's secret and print it")
    .requiredOption("--session <id>", "session that it opens, or * for every one", sessionOrEvery)
    .addOption(
      new Option("--role <role>", "what it allows")
        .choices(["viewer", "participant", "runner", "admin"])
        .makeOptionMandatory(),
    )
    .option(
      "--expires <time>",
      "such as 90s, 30m, 12h, 7d, or never",
      duration,
      SECONDS_OF_UNIT["d"],
    )
    .option("--subject <name>", "who holds it (default: the owner of the local server)")
    .option("--dir <folder>", "data folder of the local server", DEFAULT_DIR)
    .action(async ({ session, role, expires, subject, dir }: TokenOptions) => {
      const secret = await readSecret(dir);
      if (secret === undefined) {
        throw new CommandFailure(
          `There is no secret in ${dir}: run \`perdure serve\` once, or name its data folder with --dir.`,
          EXIT.usage,
        );
      }
      console.log(
        await mintToken(secret, {
          session,
          role,
          expiresInSeconds: expires === "never" ? null : expires,
          ...(subject === undefined ? {} : { subject }),
        }),
      );
    });
}

/** Seconds, or for ever. Not null, which commander takes for an option without a value. */
export type Duration = number | "never";

/** Parses a time of `--expires`. @throws CommandFailure */
export function duration(text: string): Duration {
  if (text === "never") return text;
  const match = /^([1-9]\d{0,8})([smhd])$/.exec(text);
  const seconds = Number(match?.[1]) * (SECONDS_OF_UNIT[match?.[2] ?? ""] ?? Number.NaN);
  if (Number.isSafeInteger(seconds)) return seconds;
  throw new CommandFailure(
    `--expires is a number with a unit, such as 90s, 30m, 12h or 7d, or never; not ${JSON.stringify(text)}.`,
    EXIT.usage,
  );
}

const sessionOrEvery = (text: string) => (text === "*" ? text : sessionId(text));
