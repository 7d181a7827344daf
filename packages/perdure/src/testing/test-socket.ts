/** One end of a socket on an object, as a Worker would open it. */

import type { Connection } from "../object/index.ts";
import { upgradeRequest } from "../object/index.ts";

/** Whoever connects where a test does not say: a participant called `ada` who reads and never expires. */
export const TEST_READER: Connection = {
  kind: "reader",
  role: "participant",
  subject: "ada",
  expiresAt: null,
};

/** Any frame of an object: an object with `t`, or a bare string. */
export type AnyFrame = { readonly t: string; readonly [field: string]: unknown } | string;

/** A socket whose frames a test can wait for. */
export class TestSocket<Frame extends { readonly t: string } | string = AnyFrame> {
  /** Every text that has arrived. */
  readonly texts: string[] = [];
  /** Frames that nobody has taken yet. */
  readonly frames: Frame[] = [];
  /** Settles when the closing handshake is complete. */
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;
  readonly socket: WebSocket;
  /** Called whenever something arrives. */
  #arrived: () => void = () => {};

  /** @param socket Not accepted yet. */
  constructor(socket: WebSocket) {
    this.socket = socket;
    const closed = Promise.withResolvers<{ code: number; reason: string }>();
    this.closed = closed.promise;
    socket.addEventListener("message", ({ data }) => {
      this.texts.push(String(data));
      this.frames.push(frameOf(String(data)) as Frame);
      this.#arrived();
    });
    socket.addEventListener("close", ({ code, reason }) => closed.resolve({ code, reason }));
    socket.accept();
  }

  /** Sends a frame as JSON. */
  send(frame: unknown): void {
    this.socket.send(JSON.stringify(frame));
  }

  /** Takes frames up to the next one of a kind. The test's own time limit bounds it. */
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

  /** Leaves. */
  close(): void {
    this.socket.close(1000, "done");
  }
}

/** What is no JSON, such as a `pong`, is a frame as it came. */
function frameOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/**
 * Opens a socket on a stub, without any of the Worker's checks; `new TestSocket(await openSocket(stub))` reads it.
 *
 * @param change What differs from a participant called `ada` who reads: `kind`, `role`, `subject`, `expiresAt`.
 * @throws An `Error` with the status of the answer where the object refuses the upgrade.
 */
export async function openSocket(
  stub: Pick<Fetcher, "fetch">,
  change: Partial<Connection> = {},
): Promise<WebSocket> {
  const { webSocket, status } = await stub.fetch(upgradeRequest({ ...TEST_READER, ...change }));
  if (webSocket === null) throw new Error(`The upgrade was answered with ${status}.`);
  return webSocket;
}
