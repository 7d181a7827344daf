/**
 * Frames of a connection, as they are on the wire: JSON text. An event whose data is bytes is a binary frame: 4 bytes, big-endian,
 * the length of a header; the header, which is the event's JSON without `data`, and `as`, the kind of bytes; the bytes.
 */

import type {
  ClientEventFrame,
  ConnectionClientFrame,
  ConnectionHello,
  ConnectionServerFrame,
  ServerEventFrame,
} from "./connection-frames.ts";
import { PerdureError } from "./errors.ts";
import { badFrame, integer, nameOf, parseId, parseObject, string } from "./fields.ts";
import type { JsonObject } from "./json.ts";
import { isObject } from "./json.ts";

/** The views that arrive as they were sent. */
const VIEWS: readonly (new (bytes: ArrayBuffer) => ArrayBufferView)[] = [
  DataView,
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
];

/** Bytes of the length that a binary frame begins with. */
const LENGTH_BYTES = 4;

/**
 * Encodes a frame. A Date in the data of an event becomes its ISO text, and a key whose value is undefined is left out.
 *
 * @throws PerdureError `bad_request` for data that would arrive as something else.
 */
export function encodeConnectionFrame(
  frame: ConnectionClientFrame | ConnectionServerFrame,
): string | Uint8Array<ArrayBuffer> {
  if (frame.t !== "event") return JSON.stringify(frame);
  const { data, ...header } = frame;
  if (!isBytes(data)) return encodeText(frame);
  // Of a subclass, such as Node's Buffer, this is the name of what it is a kind of.
  const kind = Object.prototype.toString.call(data).slice("[object ".length, -1);
  if (kind !== "ArrayBuffer" && !VIEWS.some((one) => one.name === kind))
    throw altered(frame.event, `it is a ${kind}`);
  return encodeBytes({ ...header, as: kind }, data);
}

/**
 * Parses a frame of a client.
 *
 * @throws PerdureError `bad_frame`.
 */
export function parseConnectionClientFrame(message: string | ArrayBuffer): ConnectionClientFrame {
  const frame = decode(message);
  switch (frame["t"]) {
    case "hello":
      return parseHello(frame);
    case "event":
      return parseClientEvent(frame);
    default:
      throw badFrame(`there is no frame ${nameOf(frame["t"])}`);
  }
}

/**
 * Parses a frame of the object, whose contents are trusted; undefined where this version does not know its kind.
 *
 * @throws PerdureError `bad_frame` for what is no frame at all.
 */
export function parseConnectionServerFrame(
  message: string | ArrayBuffer,
): ConnectionServerFrame | undefined {
  const frame = decode(message);
  return SERVER_FRAMES.has(String(frame["t"]))
    ? (frame as unknown as ConnectionServerFrame)
    : undefined;
}

const SERVER_FRAMES = new Set(["welcome", "event", "ack", "error"]);

function parseHello(frame: JsonObject): ConnectionHello {
  const hello = { t: "hello", v: integer(frame, "v"), client: parseId(frame["client"]) } as const;
  const { resume } = frame;
  if (resume === undefined) return hello;
  if (!isObject(resume)) throw badFrame("`resume` must be an object");
  return {
    ...hello,
    resume: { socket: parseId(resume["socket"]), received: integer(resume, "received") },
  };
}

function parseClientEvent(frame: JsonObject): ClientEventFrame {
  const event = { t: "event", event: string(frame, "event") } as const;
  const n = frame["n"] === undefined ? undefined : integer(frame, "n");
  if (n === 0) throw badFrame("`n` counts from 1");
  return {
    ...event,
    ...("data" in frame ? { data: frame["data"] } : {}),
    ...(n === undefined ? {} : { n }),
  };
}

function encodeText(frame: ClientEventFrame | ServerEventFrame): string {
  let text: string;
  try {
    text = JSON.stringify(frame);
  } catch (error) {
    // A circle, a BigInt, or a `toJSON` that throws.
    throw altered(frame.event, String(error));
  }
  const found = firstAltered(frame.data);
  if (found !== undefined) throw altered(frame.event, `it holds ${found}`);
  return text;
}

function altered(event: string, why: string): PerdureError {
  return new PerdureError(
    "bad_request",
    `The data of the event ${nameOf(event)} would not arrive as it is: ${why}. Send what JSON has, or bytes by themselves.`,
  );
}

/** What JSON would change without a word; undefined where nothing is. The value holds no circle. */
function firstAltered(value: unknown): string | undefined {
  switch (typeof value) {
    case "number":
      return Number.isFinite(value) ? undefined : String(value);
    case "function":
    case "symbol":
      return `a ${typeof value}`;
    case "object":
      return value === null ? undefined : firstAlteredOf(value);
    default:
      return undefined;
  }
}

function firstAlteredOf(value: object): string | undefined {
  if (Array.isArray(value)) {
    for (const item of value as unknown[]) {
      const found = item === undefined ? "undefined in a list" : firstAltered(item);
      if (found !== undefined) return found;
    }
    return undefined;
  }
  if (!isBytes(value) && "toJSON" in value && typeof value.toJSON === "function")
    return value instanceof Date && Number.isNaN(value.getTime()) ? "an invalid Date" : undefined;
  if (!isPlain(value)) return `a ${value.constructor.name}`;
  for (const item of Object.values(value)) {
    const found = firstAltered(item);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Whether an object is one of `{}` or `Object.create(null)`, of whichever realm. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

type Bytes = ArrayBuffer | ArrayBufferView;

function isBytes(value: unknown): value is Bytes {
  return value instanceof ArrayBuffer || ArrayBuffer.isView(value);
}

function encodeBytes(header: object, data: Bytes): Uint8Array<ArrayBuffer> {
  const head = new TextEncoder().encode(JSON.stringify(header));
  const bytes = ArrayBuffer.isView(data)
    ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    : new Uint8Array(data);
  const frame = new Uint8Array(LENGTH_BYTES + head.length + bytes.length);
  new DataView(frame.buffer).setUint32(0, head.length);
  frame.set(head, LENGTH_BYTES);
  frame.set(bytes, LENGTH_BYTES + head.length);
  return frame;
}

function decode(message: string | ArrayBuffer): JsonObject {
  if (typeof message === "string") return parseObject(message);
  if (message.byteLength < LENGTH_BYTES) throw badFrame("a binary frame begins with a length");
  const end = LENGTH_BYTES + new DataView(message).getUint32(0);
  if (end > message.byteLength) throw badFrame("its header is longer than the frame");
  const { as, ...header } = parseObject(
    new TextDecoder().decode(new Uint8Array(message, LENGTH_BYTES, end - LENGTH_BYTES)),
  );
  if (header["t"] !== "event") throw badFrame("only an event is a binary frame");
  return { ...header, data: bytesOf(as, message.slice(end)) };
}

function bytesOf(kind: unknown, bytes: ArrayBuffer): Bytes {
  if (kind === "ArrayBuffer") return bytes;
  const View = VIEWS.find((one) => one.name === kind);
  if (View === undefined) throw badFrame(`there are no bytes of the kind ${nameOf(kind)}`);
  try {
    return new View(bytes);
  } catch {
    throw badFrame("its bytes are no whole number of elements");
  }
}
