import { mkdirSync, mkdtempSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { mintToken, readSecret } from "../../src/commands/connection.ts";
import { HttpApi } from "../../src/commands/http-api.ts";
import { identityOf } from "../../src/serve/process-identity.ts";
import { readServerRecord } from "../../src/serve/server-record.ts";
import type { CutProxy } from "./cut-proxy.ts";
import type { Program } from "./program.ts";
import { PERDURE, perdure, perdureWithOpenFiles } from "./program.ts";
import { until } from "./until.ts";

/** A server that answers. */
export interface RunningServer {
  readonly program: Program;
  /** Base URL, without a slash at its end. */
  readonly url: string;
  readonly loginUrl: string;
  readonly port: number;
  readonly dir: string;
  /** The server's routes, as its owner. */
  readonly api: HttpApi;
}

/** A runner whose agent is ready. */
export interface RunningRunner {
  readonly program: Program;
  /** Folder that the agent reads and edits in. */
  readonly files: string;
}

/** A temporary folder and the processes that a test starts in it. After `end` nothing of either is left. */
export class Scene {
  readonly folder = mkdtempSync(join(tmpdir(), "perdure-"));
  /** The server's data folder. */
  readonly dir = join(this.folder, "data");
  readonly #programs: { readonly program: Program; readonly endedBy: NodeJS.Signals }[] = [];

  /** Runs a command of the built program until the scene ends. */
  run(...parameters: readonly string[]): Program {
    return this.keep(perdure(this.folder, ...parameters));
  }

  /** Ends a process with the scene. One that has children of its own is ended by a signal that it passes on. */
  keep(program: Program, endedBy: NodeJS.Signals = "SIGKILL"): Program {
    this.#programs.push({ program, endedBy });
    return program;
  }

  /**
   * Starts a server on the scene's data folder; on a free port unless told otherwise, and with the limit of open files that
   * this process has.
   */
  async startServer(
    options: { port?: number; parameters?: string[]; openFiles?: number } = {},
  ): Promise<RunningServer> {
    const { port = 0, parameters = [], openFiles } = options;
    const { dir } = this;
    const command = ["serve", "--port", String(port), "--dir", dir, ...parameters];
    const program =
      openFiles === undefined
        ? this.run(...command)
        : this.keep(perdureWithOpenFiles(openFiles, this.folder, ...command));
    const [loginUrl] = await program.said(/http:\S+\/login\?token=\S+(?=\n)/);
    const { origin: url, port: chosen } = new URL(loginUrl);
    const api = new HttpApi({ url, dir }, { role: "admin" });
    return { program, url, loginUrl, port: Number(chosen), dir, api };
  }

  /** Starts a server that is reached through these proxies as well, under their names. */
  async startServerBehind(...proxies: readonly CutProxy[]): Promise<RunningServer> {
    const parameters = proxies.flatMap(({ host }) => ["--allowed-host", host]);
    const server = await this.startServer({ parameters });
    for (const proxy of proxies) proxy.leadTo(server.port);
    return server;
  }

  /** Starts the demo agent in a session, which it creates, and waits until the agent is ready. */
  async startRunner({ url }: RunningServer, session: string): Promise<RunningRunner> {
    const files = join(this.folder, session);
    mkdirSync(files);
    const state = join(this.folder, `runner-${session}`);
    const agent = [process.execPath, PERDURE, "demo-agent", "--state-dir", join(state, "agent")];
    const place = ["--session", session, "--create", "--state-dir", state];
    const server = ["--url", url, "--dir", this.dir];
    const program = this.run("run", ...server, ...place, "--cwd", files, "--", ...agent);
    await program.said(/ is ready \(/);
    return { program, files };
  }

  /** A token of the server's owner for every session. */
  async token(role: "admin" | "participant" | "viewer" = "admin"): Promise<string> {
    const secret = (await readSecret(this.dir)) ?? "";
    return mintToken(secret, { role, expiresInSeconds: 3_600 });
  }

  /** The process id of the workerd that runs now. */
  workerdPid(): Promise<number> {
    return until("workerd runs", () => this.#record()?.workerdPid);
  }

  /** Kills workerd as a crash does, and waits until its successor runs. */
  async killWorkerd(): Promise<void> {
    const pid = await this.workerdPid();
    process.kill(pid, "SIGKILL");
    await until("workerd runs again", async () => (await this.workerdPid()) !== pid);
  }

  /** Ends all processes and removes the folder. */
  async end(): Promise<void> {
    // Runners first: their agents end with them, while a runner without a server would try again.
    for (const { program, endedBy } of this.#programs.toReversed()) await program.end(endedBy);
    const workerd = this.#record()?.workerdPid;
    if (workerd != null && identityOf(workerd) !== undefined) process.kill(workerd, "SIGKILL");
    await rm(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }

  #record() {
    return readServerRecord(join(this.dir, "server.json"));
  }
}
