import { expect, test } from "vitest";
import {
  encodeConnectionFrame,
  parseConnectionClientFrame,
  parseConnectionServerFrame,
  PerdureError,
} from "../../src/protocol/index.ts";

/** What arrives of data that a client sends. */
function carried(data: unknown): unknown {
  const wire = encodeConnectionFrame({ t: "event", event: "e", data, n: 3 });
  const frame = parseConnectionClientFrame(typeof wire === "string" ? wire : wire.buffer);
  expect(frame).toMatchObject({ t: "event", event: "e", n: 3 });
  return frame.t === "event" ? frame.data : undefined;
}

function binary(header: string, bytes: readonly number[] = [], length = header.length) {
  const head = new TextEncoder().encode(header);
  const frame = new Uint8Array(4 + head.length + bytes.length);
  new DataView(frame.buffer).setUint32(0, length);
  frame.set(head, 4);
  frame.set(bytes, 4 + head.length);
  return frame.buffer;
}

const bytesOf = (value: ArrayBuffer | ArrayBufferView) =>
  ArrayBuffer.isView(value)
    ? [...new Uint8Array(value.buffer, value.byteOffset, value.byteLength)]
    : [...new Uint8Array(value)];

const problemOf = (work: () => unknown) => {
  try {
    work();
  } catch (error) {
    if (error instanceof PerdureError) return error.code;
    throw error;
  }
  return undefined;
};

test.each([
  ["a field called type", { type: "x", t: "hello", event: "y", channel: "z", data: { n: 1 } }],
  ["a list", [1, [2], { three: 3 }]],
  ["a number", 1.5],
  ["a text", "text"],
  ["an empty text", ""],
  ["false", false],
  ["null", null],
  ["undefined", undefined],
  ["an empty object", {}],
  ["an object without a prototype", Object.assign(Object.create(null) as object, { a: 1 })],
  ["a key called __proto__", JSON.parse(`{"__proto__":{"a":1}}`) as unknown],
  ["half a surrogate pair", "\ud83d"],
])("Y1 data arrives as it was sent: %s", (_, data) => {
  expect(carried(data)).toEqual(data);
});

test("Y1 a payload is never spread over its frame", () => {
  expect(
    encodeConnectionFrame({ t: "event", event: "say", data: { t: "ack", n: 9, type: "x" } }),
  ).toBe(`{"t":"event","event":"say","data":{"t":"ack","n":9,"type":"x"}}`);
});

test.each([
  new Uint8Array([1, 2, 3]).buffer,
  new Uint8Array([1, 2, 3]),
  new Uint8Array(),
  new Uint8Array([9, 1, 2, 9]).subarray(1, 3),
  new Uint8ClampedArray([1]),
  new Int8Array([-1]),
  new Int16Array([-300, 300]),
  new Uint16Array([300]),
  new Int32Array([-70_000]),
  new Uint32Array([70_000]),
  new Float32Array([0.5]),
  new Float64Array([Number.NaN, 0.1]),
  new BigInt64Array([-1n]),
  new BigUint64Array([2n ** 63n]),
  new DataView(new Uint8Array([7, 8, 9]).buffer, 1, 1),
])("Y2 bytes arrive as the kind that was sent (%#)", (data) => {
  const arrived = carried(data);
  expect(Object.prototype.toString.call(arrived)).toBe(Object.prototype.toString.call(data));
  expect(bytesOf(arrived as ArrayBuffer)).toEqual(bytesOf(data));
});

test("Y2 a binary frame is the length of a header, the header without data, and the bytes", () => {
  const frame = encodeConnectionFrame({
    t: "event",
    event: "e",
    data: new Uint8Array([1, 2]),
    room: "r",
  });
  const header = `{"t":"event","event":"e","room":"r","as":"Uint8Array"}`;
  expect(frame).toEqual(new Uint8Array(binary(header, [1, 2])));
  expect(parseConnectionServerFrame(binary(header, [1, 2]))).toEqual({
    t: "event",
    event: "e",
    room: "r",
    data: new Uint8Array([1, 2]),
  });
});

class Point {
  readonly x = 1;
}

const circle: { self?: unknown } = {};
circle.self = circle;

test.each([
  ["NaN", Number.NaN],
  ["an infinity", { a: [Number.POSITIVE_INFINITY] }],
  ["a BigInt", 1n],
  ["a function", () => 1],
  ["a function inside", { a: () => 1 }],
  ["a symbol", [Symbol("s")]],
  ["a Map", new Map()],
  ["a Set", { a: new Set() }],
  ["an instance of a class", new Point()],
  ["an error", new Error("secret")],
  ["undefined in a list", [undefined]],
  ["a hole in a list", Array.from({ length: 2 }).concat(1)],
  ["an invalid Date", new Date(Number.NaN)],
  ["bytes inside", { a: new Uint8Array(1) }],
  ["a buffer inside", [new ArrayBuffer(1)]],
  ["Node's bytes inside", { a: Buffer.from("a") }],
  ["a circle", circle],
])("Y3 what JSON would change without a word is refused: %s", (_, data) => {
  const encode = () => encodeConnectionFrame({ t: "event", event: "e", data });
  expect(problemOf(encode)).toBe("bad_request");
  expect(encode).not.toThrow("secret");
});

test("Y3 a Date becomes its ISO text, and a key without a value is left out", () => {
  expect(carried({ at: new Date(0), gone: undefined })).toEqual({ at: "1970-01-01T00:00:00.000Z" });
});

test.each([
  ["no JSON", "{"],
  ["a list", "[]"],
  ["no `t`", "{}"],
  ["an unknown `t`", `{"t":"ack","n":1}`],
  ["an event without a name", `{"t":"event"}`],
  ["a name that is no string", `{"t":"event","event":1}`],
  ["a number from 0", `{"t":"event","event":"e","n":0}`],
  ["half a number", `{"t":"event","event":"e","n":1.5}`],
  ["a number as text", `{"t":"event","event":"e","n":"1"}`],
  ["a hello without a version", `{"t":"hello","client":"c"}`],
  ["a hello without a client", `{"t":"hello","v":1}`],
  ["a client with a space", `{"t":"hello","v":1,"client":"a b"}`],
  ["a resume that is no object", `{"t":"hello","v":1,"client":"c","resume":"s"}`],
  ["a resume without a count", `{"t":"hello","v":1,"client":"c","resume":{"socket":"s"}}`],
  ["no bytes", new ArrayBuffer(0)],
  ["less than a length", new ArrayBuffer(3)],
  ["a header past the end", binary("{}", [], 5)],
  ["a header that is no JSON", binary("{")],
  ["a hello in a binary frame", binary(`{"t":"hello","v":1,"client":"c"}`)],
  ["bytes of no kind", binary(`{"t":"event","event":"e"}`)],
  ["bytes of an unknown kind", binary(`{"t":"event","event":"e","as":"Array"}`)],
  ["bytes of another object's kind", binary(`{"t":"event","event":"e","as":"constructor"}`)],
  ["half an element", binary(`{"t":"event","event":"e","as":"Int16Array"}`, [1])],
])("Y4 a frame that is not understood is `bad_frame`: %s", (_, message) => {
  expect(problemOf(() => parseConnectionClientFrame(message))).toBe("bad_frame");
});

test("Y4 a hello is taken with what it resumes, and fields that are not known are passed over", () => {
  expect(
    parseConnectionClientFrame(
      `{"t":"hello","v":1,"client":"c","x":1,"resume":{"socket":"s","received":2,"x":1}}`,
    ),
  ).toEqual({ t: "hello", v: 1, client: "c", resume: { socket: "s", received: 2 } });
  expect(parseConnectionClientFrame(`{"t":"event","event":"e","room":"r"}`)).toEqual({
    t: "event",
    event: "e",
  });
});

test("Y4 a frame of the object of a kind that is not known is passed over", () => {
  expect(parseConnectionServerFrame(`{"t":"later"}`)).toBeUndefined();
  expect(parseConnectionServerFrame(`{"t":"ack","n":1}`)).toEqual({ t: "ack", n: 1 });
});
