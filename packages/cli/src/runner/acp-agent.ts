import { RequestError } from "@agentclientprotocol/sdk";
import type { RequestPermissionRequest, RequestPermissionResponse } from "@agentclientprotocol/sdk";
import type { AgentInfo, JsonObject, Message, RunnerEvent } from "perdure/protocol";
import { isObject } from "perdure/protocol";
import type { RestoredSession } from "./acp-restore.ts";
import { restoreSession } from "./acp-restore.ts";
import type { AcpConnection, ConnectAgent } from "./agent-port.ts";
import type { AgentCommand } from "./agent-process.ts";
import { AgentTurn } from "./agent-turn.ts";
import { fitEvent } from "./fit-event.ts";
import { HeldUpdates } from "./held-updates.ts";
import { promptBlocks } from "./prompt-blocks.ts";
import type { AgentStart, RelayAgent } from "./relay-ports.ts";
import type { TurnEnd } from "./translate.ts";

/** How to run an agent. */
export interface AcpAgentOptions {
  readonly command: AgentCommand;
  /** Folder of the repository whose worktree the agent works in; undefined where it works in none. */
  readonly repository?: string | undefined;
  /** Starts it; called again after each death. */
  readonly connect: ConnectAgent;
  /** How this program introduces itself to the agent. */
  readonly clientInfo: { readonly name: string; readonly version: string };
  /** The agent's session of an earlier process, as this machine remembers it; it wins over what the log says. */
  readonly agentSession: string | undefined;
  /** Told the agent's session, as soon as there is one and whenever it changes. */
  readonly onAgentSession: (agentSession: string) => void;
  /** Takes each event. Not called before `start` has resolved. */
  readonly emit: (event: RunnerEvent) => void;
  /** Receives a line for each thing that happens to the agent. */
  readonly log: (line: string) => void;
  /** Called once, when the agent died and does not start any more. */
  readonly onFailure: (error: Error) => void;
}

/** Waits before each start after a death, in milliseconds. When the last was in vain, the agent is given up. */
const RESTART_WAITS_MS = [0, 500, 2_000, 5_000, 15_000];

/** An agent that lived for this long has started; one that did not has failed to, in milliseconds. */
const STARTED_AFTER_MS = 10_000;

/** How long an agent may take to stop after it was asked to, in milliseconds; then it is ended and started again. */
const CANCEL_GRACE_MS = 30_000;

/** A timer that is later than this rings in a process that was stopped, or on a machine that slept. */
const SLEPT_MS = 1_000;

interface LiveSession extends RestoredSession {
  readonly connection: AcpConnection;
}

/** An agent of the Agent Client Protocol as the relay drives it: one process at a time, started again when it dies. */
export class AcpAgent implements RelayAgent {
  readonly #options: AcpAgentOptions;
  readonly #held = new HeldUpdates();
  #connection: AcpConnection | undefined;
  #session: Promise<LiveSession> | undefined;
  #agentSession: string | undefined;
  #epoch = 0;
  #questions = 0;
  #turn: AgentTurn | undefined;
  /** A session is being loaded: up to the response, the agent replays what the log has. */
  #isReplaying = false;
  #isStopped = false;
  #isRestarting = false;
  #startedAt = 0;
  /** How many starts in a row have failed. */
  #failedStarts = 0;

  constructor(options: AcpAgentOptions) {
    this.#options = options;
    this.#agentSession = options.agentSession;
  }

  get info(): AgentInfo | undefined {
    return this.#connection?.info;
  }

  /** Starts the process, before there is a session to run it in. @throws Error when it cannot be started. */
  async launch(): Promise<void> {
    await this.#connect();
  }

  async start(epoch: number, agentSession: string | null): Promise<AgentStart> {
    this.#epoch = epoch;
    this.#agentSession ??= agentSession ?? undefined;
    this.#session = this.#restore();
    const { connection, sessionId, restored } = await this.#session;
    const { command, repository } = this.#options;
    const place =
      repository === undefined ? { cwd: command.cwd } : { cwd: repository, worktree: command.cwd };
    return { agent: connection.info, restored, agentSession: sessionId, ...place };
  }

  prompt(turn: string, message: Message): void {
    const { emit } = this.#options;
    const running = new AgentTurn(
      turn,
      () => Date.now(),
      (event) => fitEvent(event).forEach(emit),
    );
    this.#turn = running;
    running.begin(this.#held.take());
    void this.#run(running, message);
  }

  answer(approval: string, option: string): void {
    this.#turn?.answer(approval, option);
  }

  cancel(turn: string, reason?: string): void {
    const running = this.#turn;
    if (running === undefined || running.id !== turn || running.isCancelled) return;
    running.cancel(reason);
    void this.#askToStop(running);
  }

  abandon(turn: string, reason: string): void {
    const running = this.#turn;
    if (running === undefined || running.id !== turn) return;
    this.#end(running, { kind: "failed", reason });
    this.#replace();
  }

  /** Ends the running turn as interrupted and the process with all that it started. Final. */
  async stop(reason: string): Promise<void> {
    this.#isStopped = true;
    if (this.#turn !== undefined) this.#end(this.#turn, { kind: "interrupted", reason });
    await this.#connection?.kill();
  }

  async #run(running: AgentTurn, message: Message): Promise<void> {
    let connection: AcpConnection | undefined;
    try {
      const session = await this.#liveSession();
      ({ connection } = session);
      if (running.isCancelled) {
        return this.#end(running, { kind: "stopped", stopReason: "cancelled" });
      }
      if (running.hasEnded) return;
      // What has come since the turn began, such as a restart that it had to wait for.
      running.note(this.#held.take());
      const blocks = promptBlocks(message, connection.takesImages);
      const stopReason = await connection.prompt(session.sessionId, blocks);
      this.#end(running, { kind: "stopped", stopReason });
    } catch (error) {
      // Many agents answer a prompt that was cancelled with an error of their own.
      if (running.isCancelled && error instanceof RequestError) {
        return this.#end(running, { kind: "stopped", stopReason: "cancelled" });
      }
      const reason =
        connection?.isGone() === true ? `The agent ${await connection.gone}.` : reasonOf(error);
      this.#end(running, { kind: "failed", reason });
    }
  }

  #end(running: AgentTurn, end: TurnEnd): void {
    if (this.#turn === running) this.#turn = undefined;
    running.end(end);
  }

  async #askToStop(running: AgentTurn): Promise<void> {
    try {
      const { connection, sessionId } = await this.#liveSession();
      await connection.cancel(sessionId);
    } catch {
      // It is gone, which ends the turn as well.
    }
    this.#endIfItGoesOn(running);
  }

  /** An agent that does not stop is ended; the time in which this process could not listen does not count. */
  #endIfItGoesOn(running: AgentTurn): void {
    const dueAt = Date.now() + CANCEL_GRACE_MS;
    setTimeout(() => {
      if (running.hasEnded) return;
      // The machine slept: what the agent has said meanwhile, its end among it, is still to be read.
      if (Date.now() - dueAt > SLEPT_MS) return this.#endIfItGoesOn(running);
      this.#options.log(`the agent did not stop within ${CANCEL_GRACE_MS / 1000} s; ending it`);
      this.#end(running, { kind: "stopped", stopReason: "cancelled" });
      this.#replace();
    }, CANCEL_GRACE_MS).unref();
  }

  async #liveSession(): Promise<LiveSession> {
    if (this.#session === undefined) throw new Error("The agent was not started.");
    return this.#session;
  }

  async #connect(): Promise<AcpConnection> {
    const { command, clientInfo, connect } = this.#options;
    const connection = await connect(
      command,
      {
        onUpdate: (update, sessionId) => this.#onUpdate(update, sessionId),
        onResponse: () => {
          this.#isReplaying = false;
        },
        onPermission: (request, signal) => this.#onPermission(request, signal),
      },
      clientInfo,
    );
    this.#connection = connection;
    this.#startedAt = Date.now();
    void connection.gone.then((how) => this.#onGone(connection, how));
    if (this.#isStopped) await connection.kill();
    return connection;
  }

  async #restore(): Promise<LiveSession> {
    const connection = this.#connection ?? (await this.#connect());
    const { cwd } = this.#options.command;
    const session = await restoreSession(connection, cwd, this.#agentSession, () => {
      this.#isReplaying = true;
    });
    this.#agentSession = session.sessionId;
    this.#options.onAgentSession(session.sessionId);
    return { ...session, connection };
  }

  #onUpdate(update: JsonObject, sessionId: string | undefined): void {
    if (this.#isReplaying) return;
    const isOurs = sessionId === undefined || sessionId === this.#agentSession;
    const whole = isOurs ? update : { sessionId, update };
    if (this.#turn === undefined) this.#held.add(whole);
    else this.#turn.update(whole);
  }

  async #onPermission(
    request: RequestPermissionRequest,
    signal: AbortSignal,
  ): Promise<RequestPermissionResponse> {
    if (this.#turn === undefined) return { outcome: { outcome: "cancelled" } };
    this.#questions += 1;
    return this.#turn.ask(`${this.#epoch}.${this.#questions}`, request, signal);
  }

  /** The process died: its turn has failed, and the next one gets a new process with the same session. */
  #onGone(connection: AcpConnection, how: string): void {
    if (this.#connection !== connection) return;
    this.#connection = undefined;
    if (this.#isStopped) return;
    this.#options.log(`the agent ${how}; starting it again`);
    if (this.#turn !== undefined) {
      this.#end(this.#turn, { kind: "failed", reason: `The agent ${how}.` });
    }
    if (Date.now() - this.#startedAt >= STARTED_AFTER_MS) this.#failedStarts = 0;
    if (this.#session === undefined || this.#isRestarting) return;
    this.#session = this.#restart(connection, how);
    this.#session.catch((error: unknown) => {
      if (!this.#isStopped) this.#options.onFailure(errorOf(error));
    });
  }

  /** The agent does not do what it is told: the next turn gets a new process. */
  #replace(): void {
    if (this.#connection !== undefined) this.#onGone(this.#connection, "was ended by the runner");
  }

  async #restart(before: AcpConnection, how: string): Promise<LiveSession> {
    this.#isRestarting = true;
    try {
      await before.kill();
      for (;;) {
        const wait = RESTART_WAITS_MS[this.#failedStarts];
        if (wait === undefined) throw new Error(`The agent ${how}, and does not start any more.`);
        this.#failedStarts += 1;
        await new Promise((resolve) => setTimeout(resolve, wait));
        if (this.#isStopped) throw new Error("The runner was stopped.");
        const session = await this.#restore().catch((error: unknown) => {
          this.#options.log(`the agent did not start: ${reasonOf(error)}`);
        });
        if (session === undefined || session.connection.isGone()) continue;
        this.#options.log(`the agent is back, ${session.restored}`);
        this.#held.addRestart(`The agent ${how}.`, session.restored);
        return session;
      }
    } finally {
      this.#isRestarting = false;
    }
  }
}

/** An agent's own words where it says what went wrong. */
function reasonOf(error: unknown): string {
  if (error instanceof RequestError) {
    const details = isObject(error.data) ? error.data["details"] : undefined;
    return typeof details === "string" ? details : error.message;
  }
  return errorOf(error).message;
}

function errorOf(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
