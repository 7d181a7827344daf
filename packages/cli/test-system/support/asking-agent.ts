/**
 * An agent that asks for permission, as a program: `node asking-agent.ts <record>`.
 *
 * Each word of a prompt, such as `write:alpha`, is one question: its title, a colon, its input. All are asked at once, and
 * the turn ends when all are answered. Every message of the protocol, either way, is in the record before it has any
 * effect, so that also after a SIGKILL a test can read what reached the agent.
 */

import { randomUUID } from "node:crypto";
import { appendFileSync } from "node:fs";
import { Readable, Writable } from "node:stream";
import type {
  AgentContext,
  AnyMessage,
  PermissionOption,
  Stream,
  ToolCall,
} from "@agentclientprotocol/sdk";
import { agent, methods, ndJsonStream, PROTOCOL_VERSION } from "@agentclientprotocol/sdk";

const [, , record = ""] = process.argv;

const OPTIONS: PermissionOption[] = [
  { optionId: "allow", name: "Allow once", kind: "allow_once" },
  { optionId: "reject", name: "Reject", kind: "reject_once" },
];

function recordOf(way: "in" | "out"): TransformStream<AnyMessage, AnyMessage> {
  return new TransformStream({
    transform(message, controller) {
      appendFileSync(record, `${JSON.stringify({ pid: process.pid, way, message })}\n`);
      controller.enqueue(message);
    },
  });
}

function recorded({ readable, writable }: Stream): Stream {
  const out = recordOf("out");
  void out.readable.pipeTo(writable);
  return { readable: readable.pipeThrough(recordOf("in")), writable: out.writable };
}

/** Asks one question, says how its tool call ends, and answers what was chosen. */
async function ask(client: AgentContext, sessionId: string, word: string): Promise<string> {
  const [title = "", input = ""] = word.split(":");
  const toolCallId = randomUUID();
  const toolCall: ToolCall = { toolCallId, title, kind: "edit", rawInput: { input } };
  await client.notify(methods.client.session.update, {
    sessionId,
    update: { sessionUpdate: "tool_call", ...toolCall, status: "pending" },
  });
  const { outcome } = await client.request(methods.client.session.requestPermission, {
    sessionId,
    toolCall,
    options: OPTIONS,
  });
  const choice = outcome.outcome === "selected" ? outcome.optionId : "cancelled";
  const status = choice === "allow" ? "completed" : "failed";
  await client.notify(methods.client.session.update, {
    sessionId,
    update: { sessionUpdate: "tool_call_update", toolCallId, status },
  });
  return `${word} ${choice}`;
}

const app = agent({ name: "Asking agent" })
  .onRequest(methods.agent.initialize, () => ({
    protocolVersion: PROTOCOL_VERSION,
    agentInfo: { name: "Asking agent", version: "1.0.0" },
    agentCapabilities: { sessionCapabilities: { resume: {} } },
    authMethods: [],
  }))
  .onRequest(methods.agent.session.new, () => ({ sessionId: randomUUID() }))
  .onRequest(methods.agent.session.resume, () => ({}))
  .onRequest(methods.agent.session.prompt, async ({ params: { sessionId, prompt }, client }) => {
    const text = prompt.map((block) => (block.type === "text" ? block.text : "")).join(" ");
    const answers = await Promise.all(text.split(" ").map((word) => ask(client, sessionId, word)));
    await client.notify(methods.client.session.update, {
      sessionId,
      update: {
        sessionUpdate: "agent_message_chunk",
        content: { type: "text", text: answers.join(", ") },
      },
    });
    return { stopReason: "end_turn" };
  });

const connection = app.connect(
  recorded(
    ndJsonStream(
      Writable.toWeb(process.stdout),
      Readable.toWeb(process.stdin) as ReadableStream<Uint8Array>,
    ),
  ),
);
await connection.closed;
process.exit(0);
