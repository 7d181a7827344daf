/** How frames of a connection are read and written. */

import type {
  ConnectionClientFrame,
  ConnectionServerFrame,
  ServerEventFrame,
} from "../protocol/index.ts";
import {
  encodeConnectionFrame,
  isObject,
  parseConnectionClientFrame,
  PerdureError,
} from "../protocol/index.ts";
import type { WireFrame } from "./rpc.ts";

/** An event of a client. */
export interface IncomingEvent {
  readonly event: string;
  /** As it came; undefined where there was none. */
  readonly data?: unknown;
  /** The channel that the older dialect sent it to. */
  readonly channel?: string | undefined;
}

/** A frame of a client, as a codec reads it. */
export type IncomingFrame = ConnectionClientFrame | (IncomingEvent & { readonly t: "event" });

/** Reads and writes the frames of connections. */
export interface Codec {
  /** Reads a frame of a client. Throws `bad_frame` where it makes no sense, and repeats nothing of it. */
  decode(message: string | ArrayBuffer): IncomingFrame;
  /**
   * Writes a frame; undefined where the dialect has none such. It has every event.
   *
   * @throws PerdureError `bad_request` for data that would arrive as something else.
   */
  encode(frame: ConnectionServerFrame): WireFrame | undefined;
}

/** The wire of `ConnectionClient`: JSON text, and binary frames where the data is bytes. */
export const connectionCodec: Codec = {
  decode: parseConnectionClientFrame,
  encode: encodeConnectionFrame,
};

/** The channel of what names none. */
const DEFAULT_CHANNEL = "default";

/**
 * The older dialect: `{type, channel?, data?}` comes in, `{type: "event", channel, data: {type, …data}}` goes out, and nothing else.
 * The channel is that of the room, else `default`. Data that is no object goes out as `data: {type, data}`. It has no numbers and no
 * recovery.
 */
export const channelCodec: Codec = {
  decode(message) {
    const { type, channel, data } = parseMessage(message);
    if (typeof type !== "string") throw unreadable("`type` must be a string");
    if (channel !== undefined && typeof channel !== "string")
      throw unreadable("`channel` must be a string");
    return { t: "event", event: type, data, channel };
  },
  encode(frame) {
    if (frame.t !== "event") return undefined;
    const { event: type, data, room: channel = DEFAULT_CHANNEL } = frame;
    // What JSON would alter is refused as in the other wire.
    checkJson(frame);
    const spread =
      isObject(data) && !("toJSON" in data) ? data : data === undefined ? {} : { data };
    return JSON.stringify({ type: "event", channel, data: { type, ...spread } });
  },
};

/** Writes an event. Throws where the codec breaks its contract. */
export function encodeEvent(codec: Pick<Codec, "encode">, event: ServerEventFrame): WireFrame {
  const frame = codec.encode(event);
  if (frame === undefined) throw new TypeError("The codec has no frame for an event.");
  return frame;
}

function parseMessage(message: string | ArrayBuffer): Readonly<Record<string, unknown>> {
  if (typeof message !== "string") throw unreadable("it is binary");
  try {
    const value: unknown = JSON.parse(message);
    if (isObject(value)) return value;
  } catch {
    throw unreadable("it is no JSON");
  }
  throw unreadable("it is no object");
}

function checkJson(frame: ServerEventFrame): void {
  if (typeof encodeConnectionFrame(frame) !== "string")
    throw new PerdureError(
      "bad_request",
      "This dialect carries no bytes; encode them as text, or use the connection's own codec.",
    );
}

const unreadable = (why: string): PerdureError =>
  new PerdureError("bad_frame", `The frame was not understood: ${why}.`);
