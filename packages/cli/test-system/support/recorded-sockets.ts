import type { ServerFrame } from "perdure/protocol";
import { parseServerFrame, PONG, widthOf } from "perdure/protocol";
import { WebSocket } from "ws";

/** What went over one connection, as text. */
export class RecordedConnection {
  readonly sent: string[] = [];
  readonly received: string[] = [];

  /** The frames that the server sent, but for bare deltas. */
  get frames(): readonly ServerFrame[] {
    return this.received
      .map((text) => (text === PONG ? undefined : parseServerFrame(text)))
      .filter((frame) => typeof frame === "object");
  }

  /** The position of each event that the server sent, in the order of its arrival. */
  get positions(): readonly number[] {
    const positions: number[] = [];
    let next = 0;
    for (const text of this.received) {
      const frame = text === PONG ? undefined : parseServerFrame(text);
      if (typeof frame === "string") positions.push(next++);
      if (typeof frame !== "object" || frame.t !== "events") continue;
      next = frame.p;
      for (const event of frame.e)
        for (let width = widthOf(event); width > 0; width -= 1) positions.push(next++);
    }
    return positions;
  }
}

/** A WebSocket class for one client, and all connections that the client made with it. */
export function recordSockets() {
  const connections: RecordedConnection[] = [];
  class RecordedWebSocket extends WebSocket {
    readonly #connection = new RecordedConnection();

    constructor(url: string, protocols?: string[]) {
      super(url, protocols);
      connections.push(this.#connection);
      this.on("message", (data) => {
        if (Buffer.isBuffer(data)) this.#connection.received.push(data.toString());
      });
    }

    override send(data: string): void {
      this.#connection.sent.push(data);
      super.send(data);
    }
  }
  return { WebSocket: RecordedWebSocket, connections };
}
