import type { Connection } from "../../src/object/index.ts";
import { upgradeRequest } from "../../src/object/index.ts";
import type { RunnerEvent, RunnerServerFrame, ServerFrame } from "../../src/protocol/index.ts";

type Frame = ServerFrame | RunnerServerFrame | string;

/** One end of a socket on a session. */
export class Peer {
  readonly #socket: WebSocket;
  readonly frames: Frame[] = [];
  /** Called whenever something arrives. */
  #arrived: () => void = () => {};
  readonly closed: Promise<{ readonly code: number }>;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.addEventListener("message", ({ data }) => {
      this.frames.push(JSON.parse(String(data)) as Frame);
      this.#arrived();
    });
    this.closed = new Promise((resolve) => {
      socket.addEventListener("close", ({ code }) => resolve({ code }));
    });
    socket.accept();
  }

  /** Connects as a Worker would. */
  static async open(stub: Pick<Fetcher, "fetch">, change: Partial<Connection> = {}): Promise<Peer> {
    const connection: Connection = {
      kind: "reader",
      role: change.kind === "runner" ? "runner" : "participant",
      subject: "ada",
      expiresAt: null,
      ...change,
    };
    const { webSocket } = await stub.fetch(upgradeRequest(connection));
    if (webSocket === null) throw new Error("the upgrade was refused");
    return new Peer(webSocket);
  }

  /** A reader that is live. */
  static async reader(stub: Pick<Fetcher, "fetch">, after: number | null = null): Promise<Peer> {
    const peer = await Peer.open(stub);
    peer.send({ t: "hello", v: 1, after });
    await peer.next("live");
    return peer;
  }

  /** A runner that has started. */
  static async runner(stub: Pick<Fetcher, "fetch">): Promise<Peer> {
    const peer = await Peer.open(stub, { kind: "runner" });
    peer.send({ t: "hello", v: 1, process: "process-1", spool: "spool-1", first: 1 });
    await peer.next("welcome");
    const agent = { name: "test" };
    await peer.emit(1, { type: "runner.started", epoch: 1, agent, restored: "new", at: 1 });
    return peer;
  }

  send(frame: unknown): void {
    this.#socket.send(JSON.stringify(frame));
  }

  /** Leaves. */
  close(): void {
    this.#socket.close(1000, "done");
  }

  /** Sends events from number `r` on, and waits until they are acknowledged. */
  async emit(r: number, ...e: readonly RunnerEvent[]): Promise<void> {
    this.send({ t: "events", epoch: 1, r, e });
    await this.acknowledged(r + e.length - 1);
  }

  /** Waits until everything up to `r` is durable. */
  async acknowledged(r: number): Promise<void> {
    await this.until((frame) => typeof frame === "object" && frame.t === "ack" && frame.r >= r);
  }

  /** Takes frames up to the next one of a kind. */
  async next<T extends Exclude<Frame, string>["t"]>(
    kind: T,
  ): Promise<Extract<Frame, { readonly t: T }>> {
    const frame = await this.until((one) => typeof one === "object" && one.t === kind);
    return frame as Extract<Frame, { readonly t: T }>;
  }

  /** Takes frames up to the first that satisfies a condition. The test's own time limit bounds it. */
  async until(condition: (frame: Frame) => boolean): Promise<Frame> {
    for (;;) {
      while (this.frames.length > 0) {
        const frame = this.frames.shift();
        if (frame !== undefined && condition(frame)) return frame;
      }
      await new Promise<void>((resolve) => {
        this.#arrived = resolve;
      });
    }
  }
}
