import { Readable, Writable } from "node:stream";
import type { AnyMessage, InitializeResponse } from "@agentclientprotocol/sdk";
import { client, methods, ndJsonStream, PROTOCOL_VERSION } from "@agentclientprotocol/sdk";
import type { JsonObject } from "perdure/protocol";
import { isObject } from "perdure/protocol";
import type { AcpConnection, AcpListener } from "./agent-port.ts";
import type { AgentCommand } from "./agent-process.ts";
import { AgentProcess } from "./agent-process.ts";

/** How long an agent has to introduce itself, in milliseconds: package runners may download it first. */
const INITIALIZE_TIMEOUT_MS = 120_000;

/**
 * Starts an agent and initializes it. It is offered no file system and no terminal of ours: it has its own.
 *
 * @throws Error when it does not start, does not answer, or speaks another version.
 */
export async function connectAgent(
  command: AgentCommand,
  listener: AcpListener,
  clientInfo: { readonly name: string; readonly version: string },
): Promise<AcpConnection> {
  const child = new AgentProcess(command);
  const wire = ndJsonStream(
    Writable.toWeb(child.stdin),
    Readable.toWeb(child.stdout) as ReadableStream<Uint8Array>,
  );
  const connection = client({ name: clientInfo.name })
    .onRequest(methods.client.session.requestPermission, ({ params, signal }) =>
      listener.onPermission(params, signal),
    )
    .connect({ writable: wire.writable, readable: wire.readable.pipeThrough(tap(listener)) });
  // An agent that closed its output is of no use, even if the process lingers.
  const gone = connection.closed.then(async () => {
    await child.kill();
    return child.exited;
  });
  void child.exited.then(() => connection.close());

  try {
    const initialized = await Promise.race<InitializeResponse>([
      connection.agent.request(methods.agent.initialize, {
        protocolVersion: PROTOCOL_VERSION,
        clientCapabilities: {},
        clientInfo,
      }),
      timeout(INITIALIZE_TIMEOUT_MS),
    ]);
    if (initialized.protocolVersion !== PROTOCOL_VERSION) {
      throw new Error(
        `The agent speaks version ${initialized.protocolVersion} of the Agent Client Protocol; this runner speaks ${PROTOCOL_VERSION}.`,
      );
    }
    const { agent } = connection;
    const { session } = methods.agent;
    return {
      ...described(initialized, command),
      newSession: async (cwd) =>
        (await agent.request(session.new, { cwd, mcpServers: [] })).sessionId,
      resumeSession: async (sessionId, cwd) => {
        await agent.request(session.resume, { sessionId, cwd, mcpServers: [] });
      },
      loadSession: async (sessionId, cwd) => {
        await agent.request(session.load, { sessionId, cwd, mcpServers: [] });
      },
      prompt: async (sessionId, prompt) =>
        (await agent.request(session.prompt, { sessionId, prompt: [...prompt] })).stopReason,
      cancel: (sessionId) => agent.notify(session.cancel, { sessionId }),
      gone,
      isGone: () => connection.signal.aborted,
      kill: () => child.kill(),
    };
  } catch (error) {
    const died = connection.signal.aborted;
    await child.kill();
    if (died) throw new Error(`The agent ${await child.exited}.`, { cause: error });
    throw error;
  }
}

/**
 * Takes updates off the pipe before the library sees them: it would drop those of unknown kinds, strip unknown fields, and
 * hand them on too late to know which reply they came before.
 */
function tap(listener: AcpListener): TransformStream<AnyMessage, AnyMessage> {
  return new TransformStream({
    transform(message, controller) {
      const update = updateOf(message);
      if (update !== undefined) return listener.onUpdate(update.update, update.sessionId);
      if (!("method" in message)) listener.onResponse();
      controller.enqueue(message);
    },
  });
}

function updateOf(
  message: AnyMessage,
): { readonly update: JsonObject; readonly sessionId: string | undefined } | undefined {
  if (!("method" in message) || "id" in message) return undefined;
  const { method, params } = message;
  if (method === methods.client.session.update && isObject(params) && isObject(params["update"])) {
    const { sessionId, update } = params;
    return { update, sessionId: typeof sessionId === "string" ? sessionId : undefined };
  }
  // Extensions begin with an underscore.
  return method.startsWith("_") ? { update: { method, params }, sessionId: undefined } : undefined;
}

function described(
  initialized: InitializeResponse,
  { command }: AgentCommand,
): Pick<AcpConnection, "info" | "offers" | "takesImages"> {
  const { agentInfo, agentCapabilities } = initialized;
  return {
    info: {
      name: agentInfo?.name ?? command,
      ...(agentInfo?.title == null ? {} : { title: agentInfo.title }),
      ...(agentInfo?.version === undefined ? {} : { version: agentInfo.version }),
    },
    offers: {
      resume: agentCapabilities?.sessionCapabilities?.resume != null,
      load: agentCapabilities?.loadSession === true,
    },
    takesImages: agentCapabilities?.promptCapabilities?.image === true,
  };
}

async function timeout(milliseconds: number): Promise<never> {
  return new Promise((_resolve, reject) => {
    setTimeout(
      () =>
        reject(new Error(`The agent said nothing for ${milliseconds / 1000} s after its start.`)),
      milliseconds,
    ).unref();
  });
}
