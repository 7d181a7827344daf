/** An agent of the Agent Client Protocol that runs: small enough for a simulation to play it. */

import type {
  ContentBlock,
  RequestPermissionRequest,
  RequestPermissionResponse,
} from "@agentclientprotocol/sdk";
import type { AgentInfo, JsonObject } from "perdure/protocol";
import type { AgentCommand } from "./agent-process.ts";

/** What an agent says of its own accord. */
export interface AcpListener {
  /** An update or an extension's notification, as it came. Called in the order of the pipe, before any later reply settles. */
  readonly onUpdate: (update: JsonObject, sessionId: string | undefined) => void;
  /** The agent has answered a request of ours; the reply itself settles later than this call. */
  readonly onResponse: () => void;
  readonly onPermission: (
    request: RequestPermissionRequest,
    signal: AbortSignal,
  ) => Promise<RequestPermissionResponse>;
}

/**
 * A started and initialized agent. Its requests reject with the library's `RequestError` where the agent answers with an
 * error, and with any other where it is gone.
 */
export interface AcpConnection {
  readonly info: AgentInfo;
  /** Ways to get a session back that it offers. */
  readonly offers: { readonly resume: boolean; readonly load: boolean };
  /** Whether a prompt may hold pictures. */
  readonly takesImages: boolean;
  /** Makes a session and resolves with its id. */
  newSession(cwd: string): Promise<string>;
  /** Goes on with a session that the agent has kept, without a replay. */
  resumeSession(sessionId: string, cwd: string): Promise<void>;
  /** Gets a session back; the updates that come before it resolves replay what was said in it. */
  loadSession(sessionId: string, cwd: string): Promise<void>;
  /** Runs a prompt to its end and resolves with the reason why it stopped. */
  prompt(sessionId: string, prompt: readonly ContentBlock[]): Promise<string>;
  /** Asks it to stop: the prompt that runs then resolves with `cancelled`. */
  cancel(sessionId: string): Promise<void>;
  /** Resolves with a sentence without a full stop when it is gone. */
  readonly gone: Promise<string>;
  isGone(): boolean;
  /** Ends it and all that it started. Resolves when it is gone. */
  kill(): Promise<void>;
}

/**
 * Starts an agent and initializes it.
 *
 * @throws Error when it does not start, does not answer, or speaks another version.
 */
export type ConnectAgent = (
  command: AgentCommand,
  listener: AcpListener,
  clientInfo: { readonly name: string; readonly version: string },
) => Promise<AcpConnection>;
