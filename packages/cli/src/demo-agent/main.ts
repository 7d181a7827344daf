#!/usr/bin/env node
import { parseDemoAgentArguments, runDemoAgent } from "./index.ts";

await runDemoAgent({
  stdin: process.stdin,
  stdout: process.stdout,
  ...parseDemoAgentArguments(process.argv.slice(2)),
});
process.exit(0);
