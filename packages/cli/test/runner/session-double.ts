import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { RunnerCommand, RunnerEvent, RunnerServerFrame } from "perdure/protocol";
import { parseRunnerFrame, PING, PONG } from "perdure/protocol";
import { onTestFinished } from "vitest";
import type { WebSocket } from "ws";
import { WebSocketServer } from "ws";

/**
 * The least that a session does for a runner, over a real socket: takes events in order, knows the running turn, and
 * acknowledges. It keeps what it was told across connections.
 */
export class SessionDouble {
  readonly events: RunnerEvent[] = [];
  readonly requests: IncomingMessage[] = [];
  /** Answers upgrades with this instead. */
  refusal: { readonly status: number; readonly body: string } | undefined;
  /** Whether events are acknowledged. */
  acknowledges = true;
  socket: WebSocket | undefined;
  url = "";
  #turn: string | null = null;
  readonly #turns = new Map<number, string>();

  static async listen(): Promise<SessionDouble> {
    const double = new SessionDouble();
    const http = createServer();
    const sockets = new WebSocketServer({ noServer: true });
    http.on("upgrade", (request, socket, head) => {
      double.requests.push(request);
      const { refusal } = double;
      if (refusal !== undefined) {
        socket.end(
          `HTTP/1.1 ${refusal.status} No\r\ncontent-length: ${refusal.body.length}\r\n\r\n${refusal.body}`,
        );
        return;
      }
      sockets.handleUpgrade(request, socket, head, (webSocket) => double.#accept(webSocket));
    });
    http.listen(0, "127.0.0.1");
    await once(http, "listening");
    double.url = `ws://127.0.0.1:${(http.address() as AddressInfo).port}/runner`;
    onTestFinished(() => {
      for (const client of sockets.clients) client.terminate();
      http.close();
    });
    return double;
  }

  command(command: RunnerCommand): void {
    if (command.kind === "prompt") this.#turns.set(command.command, command.turn);
    this.#send({ t: "command", i: "1", command });
  }

  ofType(type: string): RunnerEvent[] {
    return this.events.filter((event) => event.type === type);
  }

  acknowledge(): void {
    this.#send({ t: "ack", i: "1", r: this.events.length, turn: this.#turn });
  }

  #accept(socket: WebSocket): void {
    this.socket = socket;
    socket.on("message", (data: Buffer) => {
      const text = data.toString();
      if (text === PING) socket.send(PONG);
      else this.#receive(text);
    });
  }

  #receive(text: string): void {
    const frame = parseRunnerFrame(text);
    if (frame.t === "hello") {
      this.#send({
        t: "welcome",
        v: 1,
        i: "1",
        session: "s",
        epoch: 3,
        r: this.events.length,
        turn: this.#turn,
        agentSession: null,
      });
      return;
    }
    if (frame.r > this.events.length + 1) {
      this.#send({ t: "expect", i: "1", r: this.events.length });
      return;
    }
    const fresh = frame.e.slice(this.events.length + 1 - frame.r);
    for (const event of fresh) {
      this.events.push(event);
      if (event.type === "command.begun") this.#turn = this.#turns.get(event.command) ?? this.#turn;
      if (event.type === "turn.ended") this.#turn = null;
    }
    if (this.acknowledges) this.acknowledge();
  }

  #send(frame: RunnerServerFrame): void {
    this.socket?.send(JSON.stringify(frame));
  }
}
