import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { findFreePort } from "../../src/serve/address.ts";
import { lockHolder } from "../../src/runner/index.ts";
import { identityOf } from "../../src/serve/process-identity.ts";
import type { Program } from "./program.ts";
import { PERDURE, perdure } from "./program.ts";
import type { RunningServer } from "./scene.ts";
import { Scene } from "./scene.ts";
import { until } from "./until.ts";
import { Witness } from "./witness.ts";

/** A server with a gateway, which need not be there yet. */
export class GatewayScene {
  readonly scene: Scene;
  readonly server: RunningServer;
  /** The gateway's address. */
  readonly listen: string;
  /** Folder that agents may work in. */
  readonly root: string;

  private constructor(scene: Scene, server: RunningServer, listen: string) {
    this.scene = scene;
    this.server = server;
    this.listen = listen;
    this.root = join(scene.folder, "work");
    mkdirSync(this.root);
  }

  /** Starts the server. */
  static async open(): Promise<GatewayScene> {
    const scene = new Scene();
    const listen = `127.0.0.1:${await findFreePort({ host: "127.0.0.1", port: 0 })}`;
    const server = await scene.startServer({ parameters: ["--gateway", `http://${listen}`] });
    return new GatewayScene(scene, server, listen);
  }

  /** Starts a gateway with the demo agent, and waits until it listens. */
  async startGateway(...parameters: readonly string[]): Promise<Program> {
    const { scene, server, listen, root } = this;
    const agent = ["--", process.execPath, PERDURE, "demo-agent"];
    const place = ["--url", server.url, "--dir", scene.dir, "--listen", listen, "--root", root];
    // Ended by a signal that it passes on to its runners.
    const program = scene.keep(
      perdure(scene.folder, "gateway", ...place, ...parameters, ...agent),
      "SIGTERM",
    );
    await program.said(/^Gateway http/m);
    return program;
  }

  /** Kills a gateway as the end of a machine does; its runners hold on to its output, and go on. */
  async kill(gateway: Program): Promise<void> {
    process.kill(gateway.pid, "SIGKILL");
    await until("the gateway is gone", () => identityOf(gateway.pid) === undefined);
  }

  /** The process of a session's runner. */
  runnerPid(session: string): number {
    const pid = lockHolder(join(this.scene.dir, "runs", session));
    if (pid === undefined) throw new Error(`The session ${session} has no runner.`);
    return pid;
  }

  /** Creates a session, and a reader of all that happens in it. */
  async session(id: string, gateway?: Readonly<Record<string, string>>): Promise<Witness> {
    await this.server.api.post("v1/sessions", { id, gateway });
    return Witness.of(this.scene, this.server.url, id);
  }
}

/** How often a session's runner has started so far. */
export function starts(witness: Witness) {
  return witness.events.filter((event) => event.type === "runner.started");
}

/** Prompts, and waits until the turn has ended. Answers how. */
export async function ask(witness: Witness, text: string, longestMs?: number): Promise<string> {
  const { turn } = await witness.client.send(text);
  return until(`${text} has ended`, () => witness.outcomeOf(turn), longestMs);
}

/** Resolves when no runner is connected. */
export async function untilAlone(witness: Witness): Promise<void> {
  await until("no runner is there", () => witness.client.getState().runner === null);
}
