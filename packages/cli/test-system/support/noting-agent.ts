/** The demo agent, which notes in a file that it started, and each prompt before it hears of it: see `AgentNotes`. */

import { appendFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { PassThrough } from "node:stream";
import { isObject } from "perdure/protocol";
import { parseDemoAgentArguments, runDemoAgent } from "../../src/demo-agent/index.ts";

const [file = "", ...parameters] = process.argv.slice(2);

function note(fields: object): void {
  appendFileSync(file, `${JSON.stringify({ pid: process.pid, ...fields })}\n`);
}

/** The text of a prompt in a message of the protocol; undefined for any other message. */
function promptIn(line: string): string | undefined {
  const message: unknown = JSON.parse(line);
  if (!isObject(message) || message["method"] !== "session/prompt") return undefined;
  const params = message["params"];
  const blocks = isObject(params) && Array.isArray(params["prompt"]) ? params["prompt"] : [];
  const texts = blocks.map((block) => (isObject(block) ? block["text"] : undefined));
  return texts.filter((text) => typeof text === "string").join("\n");
}

note({});
const stdin = new PassThrough();
const lines = createInterface({ input: process.stdin });
lines.on("line", (line) => {
  const prompt = promptIn(line);
  if (prompt !== undefined) note({ prompt });
  stdin.write(`${line}\n`);
});
lines.on("close", () => stdin.end());
await runDemoAgent({ ...parseDemoAgentArguments(parameters), stdin, stdout: process.stdout });
process.exit(0);
