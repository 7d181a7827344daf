/** The socket of a runner on this world's network. */

import type {
  OpenSocket,
  RunnerSocket,
  SocketListener,
} from "../../packages/cli/src/runner/socket-port.ts";
import type { Process, Runtime } from "../runtime/runtime.ts";
import type { Dial } from "./page-socket.ts";
import type { Message, Wire, WireEnd } from "./wire.ts";

class SimulatedRunnerSocket implements RunnerSocket, WireEnd {
  readonly #runtime: Runtime;
  readonly #process: Process;
  readonly #listener: SocketListener;
  #state: "opening" | "open" | "closing" | "closed" = "opening";
  #wire: Wire | undefined;
  readonly #early: Message[] = [];

  constructor(runtime: Runtime, process: Process, listener: SocketListener) {
    this.#runtime = runtime;
    this.#process = process;
    this.#listener = listener;
  }

  /** The upgrade was answered. */
  dialled(result: Wire | number): void {
    if (this.#state !== "opening" || !this.#process.isAlive) {
      if (typeof result !== "number") result.abandon(0, true);
      return;
    }
    if (typeof result === "number") {
      this.#tell(() => {
        this.#listener.onRefused(result, { code: "unavailable", detail: `HTTP ${result}` });
      });
      return;
    }
    this.#wire = result;
    this.#state = "open";
    this.#tell(() => this.#listener.onOpen());
    for (const message of this.#early) this.receive(message);
  }

  send(text: string): void {
    if (this.#state === "open") this.#wire?.send(0, { kind: "text", text });
  }

  close(code: number, reason: string): void {
    if (this.#state !== "open") return this.terminate();
    this.#state = "closing";
    this.#wire?.send(0, { kind: "close", code, reason });
  }

  terminate(): void {
    this.#wire?.abandon(0, this.#runtime.chance(0.7));
    this.#end(1006, "");
  }

  /** The process is gone, and the operating system closes its socket, unless the machine has gone too. */
  orphan(isTold: boolean): void {
    this.#state = "closed";
    this.#wire?.abandon(0, isTold);
  }

  receive(message: Message): void {
    if (this.#state === "opening") {
      this.#early.push(message);
      return;
    }
    if (message.kind === "close") {
      if (this.#state === "open") this.#wire?.send(0, message);
      this.#end(message.code, message.reason);
    } else if (this.#state !== "closed") this.#tell(() => this.#listener.onMessage(message.text));
  }

  lost(): void {
    this.#end(1006, "");
  }

  #end(code: number, reason: string): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    this.#tell(() => this.#listener.onClose(code, reason));
  }

  #tell(task: () => void): void {
    this.#runtime.deliver(this.#process, task);
  }
}

/** Sockets of one process of a runner. */
export class RunnerSockets {
  readonly #runtime: Runtime;
  readonly #process: Process;
  readonly #dial: Dial;
  #last: SimulatedRunnerSocket | undefined;

  constructor(runtime: Runtime, process: Process, dial: Dial) {
    this.#runtime = runtime;
    this.#process = process;
    this.#dial = dial;
  }

  readonly open: OpenSocket = (_target, listener) => {
    const runtime = this.#runtime;
    const socket = new SimulatedRunnerSocket(runtime, this.#process, listener);
    this.#last = socket;

    runtime.afterOutside(runtime.between(1, 30), () =>
      this.#dial(socket, (result) =>
        runtime.afterOutside(runtime.between(1, 30), () => socket.dialled(result)),
      ),
    );
    // An attempt that takes too long ends by itself.
    runtime.afterOutside(10_000, () => socket.dialled(503));
    return socket;
  };

  /** The process is gone. */
  orphan(isTold: boolean): void {
    this.#last?.orphan(isTold);
  }
}
