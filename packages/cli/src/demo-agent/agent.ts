import { isAbsolute } from "node:path";
import {
  agent,
  methods,
  PROTOCOL_VERSION,
  RequestError,
  type AgentApp,
  type ContentBlock,
} from "@agentclientprotocol/sdk";
import { DemoSession } from "./session.ts";
import type { TranscriptStore } from "./transcript-store.ts";

/** What of the protocol the agent offers, and where it works. */
export interface DemoAgentSettings {
  readonly store: TranscriptStore;
  /** Works in this folder, absolute, whatever folder the client names. */
  readonly folder: string | undefined;
  /** Offers `session/resume`. */
  readonly resume: boolean;
  /** Offers `session/load`. */
  readonly load: boolean;
  readonly log: (line: string) => void;
}

const AGENT_INFO = { name: "Perdure demo agent", version: "0.1.0" };

/** The demo agent as an app of the protocol's library, for one connection. */
export function createDemoAgent(settings: DemoAgentSettings): AgentApp {
  const { store, log } = settings;
  const open = new Map<string, DemoSession>();

  const folderFor = (cwd: string): string => {
    const folder = settings.folder ?? cwd;
    if (!isAbsolute(folder)) {
      throw RequestError.invalidParams({ cwd }, "cwd must be an absolute path");
    }
    return folder;
  };
  const sessionOf = (sessionId: string): DemoSession => {
    const session = open.get(sessionId);
    if (session === undefined) throw RequestError.sessionNotFound(sessionId);
    return session;
  };
  const restore = async (sessionId: string, cwd: string): Promise<DemoSession> => {
    const folder = folderFor(cwd);
    const current = open.get(sessionId);
    if (current?.isBusy === true) {
      throw RequestError.invalidRequest({ sessionId }, "A prompt is running in this session");
    }
    const transcript = store.open(sessionId);
    if (transcript === undefined) throw RequestError.sessionNotFound(sessionId);
    const session = new DemoSession(transcript, folder);
    open.set(sessionId, session);
    await current?.close();
    return session;
  };

  const app = agent({ name: AGENT_INFO.name })
    .onRequest(methods.agent.initialize, () => ({
      protocolVersion: PROTOCOL_VERSION,
      agentInfo: AGENT_INFO,
      agentCapabilities: {
        loadSession: settings.load,
        sessionCapabilities: { list: {}, close: {}, ...(settings.resume ? { resume: {} } : {}) },
      },
      authMethods: [],
    }))
    .onRequest(methods.agent.session.new, ({ params }) => {
      const folder = folderFor(params.cwd);
      const session = new DemoSession(store.create(folder), folder);
      open.set(session.id, session);
      log(`session ${session.id} created`);
      return { sessionId: session.id };
    })
    .onRequest(methods.agent.session.list, ({ params }) => ({
      sessions: store.list().filter(({ cwd }) => params.cwd == null || params.cwd === cwd),
    }))
    .onRequest(methods.agent.session.prompt, async ({ params, client, signal }) => {
      const session = sessionOf(params.sessionId);
      const response = await session.prompt(client, textOf(params.prompt), signal);
      log(`session ${session.id}: turn ended, ${response.stopReason}`);
      return response;
    })
    .onNotification(methods.agent.session.cancel, ({ params }) => {
      open.get(params.sessionId)?.cancel();
    })
    .onRequest(methods.agent.session.close, async ({ params }) => {
      const session = sessionOf(params.sessionId);
      open.delete(params.sessionId);
      await session.close();
    });

  if (settings.load) {
    app.onRequest(methods.agent.session.load, async ({ params, client }) => {
      const session = await restore(params.sessionId, params.cwd);
      await session.replay(client);
      log(`session ${session.id} loaded`);
    });
  }
  if (settings.resume) {
    app.onRequest(methods.agent.session.resume, async ({ params }) => {
      const session = await restore(params.sessionId, params.cwd);
      log(`session ${session.id} resumed`);
      return {};
    });
  }
  return app;
}

/** The prompt's text; whatever is not text is no directive. */
function textOf(prompt: readonly ContentBlock[]): string {
  return prompt.flatMap((block) => (block.type === "text" ? [block.text] : [])).join("\n");
}
