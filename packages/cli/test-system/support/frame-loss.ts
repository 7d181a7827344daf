import type { Filter } from "./cut-proxy.ts";
import { splitFrames, type WebSocketFrame } from "./websocket-frames.ts";

const HEAD_END = Buffer.from("\r\n\r\n");

/**
 * Loses WebSocket messages from the server while a test says so, and keeps the connection: what a client sends, control
 * frames (ping, pong, close) and plain HTTP pass unharmed. Give its filter to a `CutProxy`.
 */
export class FrameLoss {
  /** While true, whole messages of the server are lost. */
  isDropping = false;
  /** The messages that were lost, as text. */
  readonly dropped: string[] = [];
  /** The codes of all close frames that the server sent. */
  readonly closeCodes: number[] = [];
  /** Upgraded connections so far. */
  upgrades = 0;

  /** Takes what the server sends on one connection: frames after an answer of 101, anything else as it is. */
  readonly filter: Filter = (write) => {
    let kind: "unknown" | "http" | "websocket" = "unknown";
    let rest: Buffer = Buffer.alloc(0);
    let isLosingMessage = false;
    const onFrame = (frame: WebSocketFrame) => {
      if (frame.kind === "close") this.closeCodes.push(frame.code);
      if (frame.kind !== "data") return write(frame.bytes);
      // A message is lost whole, whatever it was split into.
      if (frame.isFirst) isLosingMessage = this.isDropping;
      if (isLosingMessage) this.dropped.push(frame.payload.toString());
      else write(frame.bytes);
    };
    return (bytes) => {
      if (kind === "http") return write(bytes);
      rest = Buffer.concat([rest, bytes]);
      if (kind === "unknown") {
        const end = rest.indexOf(HEAD_END);
        if (end === -1) return;
        kind = rest.toString("latin1", 0, end).startsWith("HTTP/1.1 101") ? "websocket" : "http";
        const head = kind === "http" ? rest : rest.subarray(0, end + HEAD_END.length);
        write(head);
        rest = rest.subarray(head.length);
        if (kind === "http") return;
        this.upgrades += 1;
      }
      const { frames, unread } = splitFrames(rest);
      rest = unread;
      frames.forEach(onFrame);
    };
  };
}
