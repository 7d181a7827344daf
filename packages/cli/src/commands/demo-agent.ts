import { Command } from "commander";
import { parseDemoAgentArguments, runDemoAgent } from "../demo-agent/index.ts";

/** `perdure demo-agent`: an agent without a model, to try everything with. */
export function demoAgentCommand(): Command {
  return new Command("demo-agent")
    .description(
      "be an agent over stdin and stdout that needs no network: perdure run … -- perdure demo-agent",
    )
    .argument(
      "[options...]",
      "--state-dir <folder>, --cwd <folder>, --no-resume, --no-load, --verbose",
    )
    .allowUnknownOption()
    .passThroughOptions()
    .action(async (args: string[]) => {
      const { stdin, stdout } = process;
      await runDemoAgent({ stdin, stdout, ...parseDemoAgentArguments(args) });
      process.exit(0);
    });
}
