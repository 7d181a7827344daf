import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import {
  client,
  methods,
  ndJsonStream,
  PROTOCOL_VERSION,
  type AnyMessage,
  type ClientContext,
  type InitializeResponse,
  type PromptResponse,
  type RequestPermissionRequest,
  type RequestPermissionResponse,
} from "@agentclientprotocol/sdk";
import { onTestFinished } from "vitest";

const MAIN = fileURLToPath(new URL("../src/demo-agent/main.ts", import.meta.url));

/** An update as it came over the pipe, before any schema has taken something away from it. */
export type WireUpdate = Readonly<Record<string, unknown>>;

/** How a test answers the agent's questions. */
export type PermissionHandler = (
  request: RequestPermissionRequest,
  signal: AbortSignal,
) => RequestPermissionResponse | Promise<RequestPermissionResponse>;

/** The folders of one test, removed when it is over. */
export interface Folders {
  readonly stateDir: string;
  readonly cwd: string;
}

/** A running demo agent and its initialized client. */
export interface RunningAgent {
  readonly agent: ClientContext;
  readonly initialized: InitializeResponse;
  /** Every update so far, of all sessions, in the order of the pipe. */
  readonly updates: WireUpdate[];
  /** Every other message so far, in the order of the pipe. */
  readonly otherMessages: AnyMessage[];
  /** What the process wrote to stderr so far. */
  stderr(): string;
  newSession(): Promise<string>;
  prompt(sessionId: string, text: string): Promise<PromptResponse>;
  /** Resolves with the first update that satisfies the condition, past or to come. */
  updateWhere(condition: (update: WireUpdate) => boolean): Promise<WireUpdate>;
  /** Closes the agent's stdin and resolves with its exit code. */
  end(): Promise<number | null>;
  /** Kills the process and resolves when it is gone. */
  kill(): Promise<void>;
}

export function makeFolders(): Folders {
  const folder = mkdtempSync(join(tmpdir(), "perdure-demo-agent-test-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return { stateDir: join(folder, "state"), cwd: mkdtempSync(join(folder, "scratch-")) };
}

/** Starts the real process and initializes it. It ends with the test at the latest. */
export async function startAgent(
  folders: Folders,
  options: { args?: readonly string[]; onPermission?: PermissionHandler } = {},
): Promise<RunningAgent> {
  const { onPermission = () => select("allow_once") } = options;
  const child = spawn(
    process.execPath,
    [MAIN, "--state-dir", folders.stateDir, ...(options.args ?? [])],
    { stdio: ["pipe", "pipe", "pipe"] },
  );
  const exited = new Promise<number | null>((resolve) => child.once("exit", resolve));
  let stderr = "";
  child.stderr.on("data", (data: Buffer) => (stderr += data.toString()));

  const updates: WireUpdate[] = [];
  const otherMessages: AnyMessage[] = [];
  const waiting = new Set<() => void>();
  const wire = ndJsonStream(
    Writable.toWeb(child.stdin),
    Readable.toWeb(child.stdout) as ReadableStream<Uint8Array>,
  );
  const tap = new TransformStream<AnyMessage, AnyMessage>({
    transform(message, controller) {
      const update = updateOf(message);
      if (update === undefined) {
        otherMessages.push(message);
        controller.enqueue(message);
      } else {
        updates.push(update);
        for (const check of waiting) check();
      }
    },
  });
  const connection = client({ name: "test" })
    .onRequest(methods.client.session.requestPermission, ({ params, signal }) =>
      onPermission(params, signal),
    )
    .connect({ writable: wire.writable, readable: wire.readable.pipeThrough(tap) });
  onTestFinished(async () => {
    connection.close();
    child.kill("SIGKILL");
    await exited;
  });

  const { agent } = connection;
  const initialized = await agent.request(methods.agent.initialize, {
    protocolVersion: PROTOCOL_VERSION,
    clientCapabilities: {},
  });
  return {
    agent,
    initialized,
    updates,
    otherMessages,
    stderr: () => stderr,
    async newSession() {
      const { sessionId } = await agent.request(methods.agent.session.new, {
        cwd: folders.cwd,
        mcpServers: [],
      });
      return sessionId;
    },
    prompt: (sessionId, text) =>
      agent.request(methods.agent.session.prompt, {
        sessionId,
        prompt: [{ type: "text", text }],
      }),
    updateWhere: (condition) =>
      new Promise((resolve) => {
        const check = (): void => {
          const found = updates.find(condition);
          if (found === undefined) return;
          waiting.delete(check);
          resolve(found);
        };
        waiting.add(check);
        check();
      }),
    async end() {
      child.stdin.end();
      return exited;
    },
    async kill() {
      child.kill("SIGKILL");
      await exited;
    },
  };
}

/** The answer that chooses an option. */
export function select(optionId: string): RequestPermissionResponse {
  return { outcome: { outcome: "selected", optionId } };
}

export function updatesOfKind(updates: readonly WireUpdate[], kind: string): WireUpdate[] {
  return updates.filter((update) => update["sessionUpdate"] === kind);
}

/** The texts of the chunks of one kind, one element for each chunk. */
export function chunkTexts(
  updates: readonly WireUpdate[],
  kind: "agent_message_chunk" | "agent_thought_chunk" | "user_message_chunk",
): string[] {
  return updatesOfKind(updates, kind).map(({ content }) =>
    isObject(content) && typeof content["text"] === "string" ? content["text"] : "",
  );
}

function updateOf(message: AnyMessage): WireUpdate | undefined {
  if (!("method" in message) || message.method !== methods.client.session.update) return undefined;
  const { params } = message;
  return isObject(params) && isObject(params["update"]) ? params["update"] : undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
