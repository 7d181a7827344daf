/** A frame of RFC 6455 §5.2 as a server sends it, which is without a mask. `bytes` is the whole of it. */
export type WebSocketFrame =
  | {
      readonly kind: "data";
      readonly bytes: Buffer;
      readonly payload: Buffer;
      /** Whether a message begins with it. */
      readonly isFirst: boolean;
    }
  | { readonly kind: "close"; readonly bytes: Buffer; readonly code: number }
  | { readonly kind: "ping or pong"; readonly bytes: Buffer };

/** Lengths up to 125 stand in the second byte; these announce a length of two or eight bytes. */
const LENGTH_IN_TWO_BYTES = 126;
const LENGTH_IN_EIGHT_BYTES = 127;

/** "No status code was present", where a close frame is empty (RFC 6455 §7.1.5). */
const NO_STATUS = 1005;

/** Splits what has arrived into whole frames and what is left of an unfinished one. */
export function splitFrames(bytes: Buffer): {
  readonly frames: readonly WebSocketFrame[];
  readonly unread: Buffer;
} {
  const frames: WebSocketFrame[] = [];
  let unread = bytes;
  for (;;) {
    const sizes = sizesOf(unread);
    if (sizes === undefined || unread.length < sizes.header + sizes.payload)
      return { frames, unread };
    const end = sizes.header + sizes.payload;
    frames.push(frameOf(unread.subarray(0, end), sizes.header));
    unread = unread.subarray(end);
  }
}

function sizesOf(bytes: Buffer): { readonly header: number; readonly payload: number } | undefined {
  const second = bytes[1];
  if (second === undefined) return undefined;
  if (second > LENGTH_IN_EIGHT_BYTES) throw new Error("A server does not mask its frames.");
  if (second < LENGTH_IN_TWO_BYTES) return { header: 2, payload: second };
  const header = second === LENGTH_IN_TWO_BYTES ? 4 : 10;
  if (bytes.length < header) return undefined;
  const payload = header === 4 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
  return { header, payload };
}

function frameOf(bytes: Buffer, header: number): WebSocketFrame {
  const opcode = bytes.readUInt8(0) & 0x0f;
  const payload = bytes.subarray(header);
  // 0 continues a message, 1 begins a text, 2 begins binary data; control frames are 8 and above.
  if (opcode < 8) return { kind: "data", bytes, payload, isFirst: opcode !== 0 };
  if (opcode > 8) return { kind: "ping or pong", bytes };
  return { kind: "close", bytes, code: payload.length < 2 ? NO_STATUS : payload.readUInt16BE(0) };
}
