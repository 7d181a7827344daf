import { Command } from "commander";
import {
  approveCommand,
  cancelCommand,
  demoAgentCommand,
  describeFailure,
  detailsOfFailure,
  exitCodeOf,
  inviteCommand,
  lsCommand,
  newCommand,
  revokeCommand,
  runCommand,
  sendCommand,
  tailCommand,
  tokenCommand,
  exportCommand,
  importCommand,
  forkCommand,
} from "./commands/index.ts";
import { gatewayCommand } from "./gateway/index.ts";
import { VERSION } from "./package-version.ts";
import { serveCommand } from "./serve/index.ts";

const program = new Command("perdure")
  .description("Durable sessions: serve them, run agents in them, and drive them from a terminal.")
  .version(VERSION)
  .option("--verbose", "say more where something fails")
  .enablePositionalOptions()
  .addHelpText(
    "after",
    `
Exit codes: 0 done; 1 failed; 2 wrong command line; 3 not allowed; 4 not found; 5 in conflict with what is there;
6 server not available; 7 another runner took over.`,
  );

for (const command of [
  serveCommand(),
  runCommand(),
  gatewayCommand(),
  newCommand(),
  lsCommand(),
  tailCommand(),
  sendCommand(),
  approveCommand(),
  cancelCommand(),
  exportCommand(),
  importCommand(),
  forkCommand(),
  tokenCommand(),
  inviteCommand(),
  revokeCommand(),
  demoAgentCommand(),
]) {
  program.addCommand(command.copyInheritedSettings(program));
}
// Commander tells a wrong command line itself; all ends go through one place.
for (const command of [program, ...program.commands]) command.exitOverride();

// `perdure tail | head` is no failure.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit(0);
});

try {
  await program.parseAsync();
} catch (error) {
  const exitCode = exitCodeOf(error);
  const isTold = error instanceof Error && error.name === "CommanderError";
  if (exitCode !== 0 && !isTold) console.error(`perdure: ${describeFailure(error)}`);
  const isVerbose = [program, ...program.commands].some((one) => one.opts()["verbose"] === true);
  if (exitCode !== 0 && isVerbose) console.error(detailsOfFailure(error));
  process.exitCode = exitCode;
}
