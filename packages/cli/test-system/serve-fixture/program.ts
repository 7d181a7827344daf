import { Command } from "commander";
import { serveCommand } from "../../src/serve/index.ts";

try {
  await new Command().addCommand(serveCommand()).parseAsync();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
