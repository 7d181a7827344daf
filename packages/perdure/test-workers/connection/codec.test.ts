import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import type { UserSocket } from "./user-socket.ts";
import { emit, greet, nextEvent, openUser } from "./user-socket.ts";

test("E13 with a contract, data that does not fit reaches no handler, in either direction", async () => {
  const socket = await openUser("contract", {}, env.CONTRACT_USER);
  await greet(socket, "client");
  emit(socket, "say", { text: " hello " }, 1);
  expect(await nextEvent(socket, "said")).toEqual({ text: "hello" });
  await socket.next("ack");
  for (const [event, data] of [
    ["say", { text: 1 }],
    ["unknown", {}],
    ["lie", null],
  ] as const) {
    emit(socket, event, data);
    expect((await socket.next("error")).error.code).toBe("bad_request");
  }
  emit(socket, "say", { text: 1 }, 2);
  expect((await socket.next("ack")).error?.extra).toMatchObject({ issues: [{ path: ["text"] }] });
});

test("E12 without onMessage an event that has no handler is not found", async () => {
  const socket = await openUser("no handler", {}, env.EMITTING_USER);
  emit(socket, "nobody");
  expect((await socket.next("error")).error.code).toBe("not_found");
});

test("Y2 bytes arrive as the same kind, and leave so", async () => {
  const socket = await openUser("bytes", {}, env.EMITTING_USER);
  const arrived = nextBytes(socket);
  const header = new TextEncoder().encode('{"t":"event","event":"bytes","as":"Uint8Array"}');
  const frame = new Uint8Array([0, 0, 0, header.length, ...header, 1, 2, 255]);
  socket.socket.send(frame);
  expect((await arrived).slice(-3)).toEqual([2, 3, 0]);
});

test("V18 bytes of a state whose changes inside are seen leave as bytes", async () => {
  const socket = await openUser("tracked bytes");
  const arrived = nextBytes(socket);
  emit(socket, "fill", 7);
  expect((await arrived).slice(-3)).toEqual([7, 7, 7]);
});

/** The bytes of the next frame. */
async function nextBytes({ socket }: UserSocket): Promise<readonly number[]> {
  const data = await new Promise<unknown>((resolve) => {
    socket.addEventListener("message", (message) => resolve(message.data));
  });
  return Array.from(
    new Uint8Array(data instanceof Blob ? await data.arrayBuffer() : (data as ArrayBuffer)),
  );
}

test.for([
  { why: "no JSON", frame: "{secret" },
  { why: "no type", frame: '{"t":"secret"}' },
])(
  "W3 a frame that makes no sense closes the socket and is not repeated: $why",
  async ({ frame }) => {
    const socket = await openUser("no sense", {}, env.USER);
    socket.socket.send(frame.replace("type", "t"));
    expect((await socket.next("error")).error.code).toBe("bad_frame");
    expect(await socket.closed).toMatchObject({ code: 4400 });
  },
);

test("E70 the older dialect comes and goes as its clients know it", async () => {
  const socket = await openUser("older", {}, env.CHANNEL_USER);
  const said: unknown[] = [
    { type: "echo", data: { text: "hello" } },
    { type: "echo", data: [1, 2] },
    { type: "echo" },
    { type: "room", data: { type: "field" } },
    { type: "other", channel: "chat", data: 1 },
  ];
  for (const one of said) socket.send(one);
  await expect
    .poll(() => socket.texts.map((text) => JSON.parse(text) as unknown))
    .toEqual([
      { type: "event", channel: "default", data: { type: "echo", text: "hello" } },
      { type: "event", channel: "default", data: { type: "echo", data: [1, 2] } },
      { type: "event", channel: "default", data: { type: "echo" } },
      { type: "event", channel: "chat", data: { type: "field" } },
      {
        type: "event",
        channel: "default",
        data: { type: "frame", event: "other", data: 1, channel: "chat" },
      },
    ]);
});

test.for(['{"type":1}', '{"type":"echo","channel":1}', "no JSON", "[]"])(
  "E70 what is no frame of the older dialect closes the socket: %s",
  async (frame) => {
    const socket = await openUser("older and wrong", {}, env.CHANNEL_USER);
    socket.socket.send(frame);
    expect(await socket.closed).toMatchObject({ code: 4400 });
  },
);
