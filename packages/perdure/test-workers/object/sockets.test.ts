import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test, vi } from "vitest";
import { CONNECTION_HEADER, upgradeRequest } from "../../src/object/index.ts";
import { MAX_CLIENT_FRAME_BYTES, MAX_RUNNER_FRAME_BYTES } from "../../src/protocol/index.ts";
import { journalOf } from "../objects/kernel-do.ts";
import { openSocket, problemIn, READER } from "./socket.ts";

/** How often the object's memory was made. */
function lives(name: string): number {
  return journalOf(name).filter((what) => what === "constructed").length;
}

test("S1 an upgrade without the Worker's identity is unauthorized, and opens nothing", async () => {
  const stub = env.KERNEL.getByName("no identity");
  for (const header of [undefined, "{}", "%7B%22role%22%3A%22admin%22%7D"]) {
    const headers = new Headers({ upgrade: "websocket", "x-role": "admin" });
    if (header !== undefined) headers.set(CONNECTION_HEADER, header);
    const response = await stub.fetch("https://object/", { headers });
    expect(await problemIn(response)).toEqual([401, "unauthorized"]);
  }
  expect(journalOf("no identity")).toEqual(["constructed"]);
});

test("the object gives each socket an id of its own", async () => {
  const stub = env.KERNEL.getByName("ids");
  await openSocket(stub);
  await openSocket(stub);
  const ids = await runInDurableObject(stub, ({ openLinks }) =>
    openLinks.map(({ attachment }) => attachment.id),
  );
  expect(new Set(ids).size).toBe(2);
});

test("S12 what a socket is, and the order of sockets, survive an eviction", async () => {
  const stub = env.KERNEL.getByName("survives");
  const expiresAt = Date.now() + 1_000_000;
  await openSocket(stub, { subject: "first", expiresAt });
  await openSocket(stub, { subject: "second", kind: "runner", role: "runner" });
  await openSocket(stub, { subject: "third" });
  const attachments = () =>
    runInDurableObject(stub, ({ openLinks }) => openLinks.map(({ attachment }) => attachment));
  await runInDurableObject(stub, ({ openLinks: [, runner] }) =>
    runner?.attach({ epoch: 7, process: "p" }),
  );
  const before = await attachments();
  expect(before.map(({ subject }) => subject)).toEqual(["first", "second", "third"]);
  expect(before[0]).toMatchObject({ kind: "reader", role: "participant", expiresAt });
  expect(before[1]).toMatchObject({ kind: "runner", epoch: 7, process: "p" });
  await evictDurableObject(stub);
  expect(await attachments()).toEqual(before);
});

test("S12 sockets that were accepted in the same millisecond keep their order over evictions", async () => {
  const stub = env.KERNEL.getByName("same time");
  vi.spyOn(Date, "now").mockReturnValue(1_800_000_000_000);
  for (const subject of ["first", "second", "third"]) await openSocket(stub, { subject });
  vi.restoreAllMocks();
  for (let evictions = 0; evictions < 2; evictions += 1) {
    await evictDurableObject(stub);
    const order = await runInDurableObject(stub, ({ openLinks }) =>
      openLinks.map(({ attachment }) => attachment.subject),
    );
    expect(order).toEqual(["first", "second", "third"]);
  }
});

test("S12 an idle object with two sockets hibernates, and the next message arrives", async () => {
  const stub = env.KERNEL.getByName("hibernates");
  const ada = await openSocket(stub);
  await openSocket(stub, { subject: "bob" });
  ada.socket.send("one");
  await vi.waitFor(() => expect(ada.texts).toHaveLength(1));
  await evictDurableObject(stub);
  ada.socket.send("two");
  await vi.waitFor(() => expect(ada.texts).toHaveLength(2));
  expect(ada.texts[0]).not.toBe(ada.texts[1]);
  expect(lives("hibernates")).toBe(2);
  expect(journalOf("hibernates")).toContain("message two");
});

test("S4 a ping is answered without waking the object", async () => {
  const stub = env.KERNEL.getByName("ping");
  const { socket, texts } = await openSocket(stub);
  await evictDurableObject(stub);
  socket.send("ping");
  await vi.waitFor(() => expect(texts).toEqual(["pong"]));
  expect(lives("ping")).toBe(1);
  socket.send("wake");
  await vi.waitFor(() => expect(lives("ping")).toBe(2));
});

test.for([
  { sent: { code: 4321, reason: "done" }, echoed: { code: 4321, reason: "done" } },
  { sent: { code: 1000, reason: "" }, echoed: { code: 1000, reason: "" } },
  { sent: undefined, echoed: { code: 1000, reason: "" } },
])("S7 the object answers a close with $echoed.code, also as its first event", async (close) => {
  const name = `echo ${close.sent?.code}`;
  const stub = env.KERNEL.getByName(name);
  const { socket, closed } = await openSocket(stub);
  await evictDurableObject(stub);
  if (close.sent === undefined) socket.close();
  else socket.close(close.sent.code, close.sent.reason);
  expect(await closed).toEqual(close.echoed);
  await vi.waitFor(() =>
    expect(journalOf(name).slice(-3)).toEqual([
      "constructed",
      "connections 0",
      "disconnect ada, sent false",
    ]),
  );
});

test.for(["close, then error", "error, then close"])("S8 %s end a socket once", async (order) => {
  const stub = env.KERNEL.getByName(order);
  await openSocket(stub);
  await openSocket(stub, { subject: "bob" });
  await runInDurableObject(stub, async (object, ctx) => {
    const [socket] = ctx.getWebSockets();
    if (socket === undefined) throw new Error("there is no socket");
    const error = () => object.webSocketError(socket);
    const close = () => object.webSocketClose(socket, 1006, "");
    for (const event of order.startsWith("close") ? [close, error] : [error, close]) await event();
  });
  const ends = journalOf(order)
    .slice(-2)
    .map((what) => what.split(",")[0]);
  expect(ends).toEqual(["connections 1", "disconnect bob"]);
  expect(journalOf(order).filter((what) => what.startsWith("disconnect"))).toHaveLength(1);
});

test("a send to a socket that is closed does not throw", async () => {
  const stub = env.KERNEL.getByName("guarded");
  const { closed } = await openSocket(stub);
  const sent = await runInDurableObject(stub, ({ openLinks: [link] }) => {
    link?.close(4000, "replaced");
    return [link?.send("too late"), link?.close(4000, "again")];
  });
  expect(sent).toEqual([false, undefined]);
  expect(await closed).toEqual({ code: 4000, reason: "replaced" });
});

test("a socket that the object has closed is no open link any more", async () => {
  const stub = env.KERNEL.getByName("closing");
  const { closed } = await openSocket(stub);
  const counts = await runInDurableObject(stub, (object, ctx) => {
    object.openLinks[0]?.close(4000, "replaced");
    return { open: object.openLinks.length, known: ctx.getWebSockets().length };
  });
  expect(counts).toEqual({ open: 0, known: 1 });
  expect(await closed).toMatchObject({ code: 4000 });
});

test("S16 what was on its way when the object closed a socket is not taken", async () => {
  const stub = env.KERNEL.getByName("on its way");
  const { closed } = await openSocket(stub);
  await runInDurableObject(stub, async (object, ctx) => {
    const [socket] = ctx.getWebSockets();
    if (socket === undefined) throw new Error("there is no socket");
    await object.webSocketMessage(socket, "before");
    object.openLinks[0]?.close(4000, "replaced");
    // Frames from this side of the process stop at the close; from a network they are handed over until its echo.
    await object.webSocketMessage(socket, "after");
  });
  expect(await closed).toEqual({ code: 4000, reason: "replaced" });
  expect(journalOf("on its way").filter((what) => what.startsWith("message"))).toEqual([
    "message before",
  ]);
});

test("S16 what a client sent before it closed the socket itself is taken", async () => {
  const { socket, closed } = await openSocket(env.KERNEL.getByName("last words"));
  socket.send("last words");
  socket.close(1000, "");
  expect(await closed).toMatchObject({ code: 1000 });
  expect(journalOf("last words")).toContain("message last words");
});

test.for([
  { kind: "reader", limit: MAX_CLIENT_FRAME_BYTES },
  { kind: "runner", limit: MAX_RUNNER_FRAME_BYTES },
] as const)("S2 a $kind's frame has at most $limit bytes", async ({ kind, limit }) => {
  const name = `too large ${kind}`;
  const { socket, texts, closed } = await openSocket(env.KERNEL.getByName(name), { kind });
  const euros = Math.floor(limit / 3);
  socket.send("x".repeat(limit));
  socket.send("€".repeat(euros));
  socket.send("€".repeat(euros + 1));
  socket.send("after the refused one");
  expect(await closed).toEqual({ code: 4413, reason: `A frame has at most ${limit} bytes.` });
  expect(JSON.parse(texts[2] ?? "")).toEqual({
    t: "error",
    i: expect.any(String),
    error: { code: "too_large", detail: `A frame has at most ${limit} bytes.` },
  });
  const lengths = journalOf(name).flatMap((what) =>
    what.startsWith("message ") ? what.length - "message ".length : [],
  );
  expect(lengths).toEqual([limit, euros]);
});

test("W1 a binary frame is refused, and what came before it was taken", async () => {
  const { socket, texts, closed } = await openSocket(env.KERNEL.getByName("binary"));
  socket.send("before");
  socket.send(new Uint8Array([1, 2, 3]));
  socket.send("after");
  expect(await closed).toMatchObject({ code: 4400 });
  expect(JSON.parse(texts[1] ?? "")).toMatchObject({ t: "error", error: { code: "bad_frame" } });
  expect(journalOf("binary").filter((what) => what.startsWith("message"))).toEqual([
    "message before",
  ]);
});

test("S3 too many frames get rate_limited; all up to the refused one were taken, none after", async () => {
  const { socket, texts, closed } = await openSocket(env.KERNEL.getByName("flood"));
  for (let index = 0; index < 1_000; index += 1) socket.send(`${index}`);
  expect(await closed).toMatchObject({ code: 4429 });
  expect(JSON.parse(texts.at(-1) ?? "")).toMatchObject({
    t: "error",
    error: { code: "rate_limited" },
  });
  const taken = journalOf("flood").filter((what) => what.startsWith("message "));
  expect(taken.length).toBeGreaterThanOrEqual(200);
  expect(taken).toEqual(taken.map((_, index) => `message ${index}`));
});

test("S3 a runner may send more at once than a reader", async () => {
  const { socket, texts } = await openSocket(env.KERNEL.getByName("runner flood"), {
    kind: "runner",
  });
  for (let index = 0; index < 1_000; index += 1) socket.send(`${index}`);
  await vi.waitFor(() => expect(texts).toHaveLength(1_000), { timeout: 10_000 });
});

test("S6 nothing is taken from a socket whose token has expired, after an eviction either", async () => {
  const stub = env.KERNEL.getByName("expired");
  const expiresAt = Date.now() + 60 * 60 * 1000;
  const { socket, texts, closed } = await openSocket(stub, { expiresAt });
  socket.send("in time");
  await vi.waitFor(() => expect(texts).toHaveLength(1));
  await evictDurableObject(stub);
  // The platform's alarm keeps the true time: the frame comes before it.
  vi.spyOn(Date, "now").mockReturnValue(expiresAt);
  socket.send("late");
  const close = await closed;
  vi.restoreAllMocks();
  expect(close).toMatchObject({ code: 4401 });
  expect(JSON.parse(texts[1] ?? "")).toMatchObject({ error: { code: "unauthorized" } });
  expect(journalOf("expired")).not.toContain("message late");
});

test("S9 past the limit of connections an upgrade is refused, until one leaves", async () => {
  const stub = env.KERNEL.getByName("full");
  const [first] = [await openSocket(stub), await openSocket(stub), await openSocket(stub)];
  await evictDurableObject(stub);
  const response = await stub.fetch(upgradeRequest(READER));
  expect(await problemIn(response)).toEqual([503, "too_many_connections"]);
  first?.socket.close(1000);
  await first?.closed;
  await openSocket(stub);
});

test("S11 a server that goes away closes every socket with 1001", async () => {
  const stub = env.KERNEL.getByName("drain");
  const sockets = [await openSocket(stub), await openSocket(stub)];
  await stub.drain();
  for (const { closed } of sockets) expect(await closed).toMatchObject({ code: 1001 });
});

test("S15 a refusal's close has a reason of at most 123 bytes, cut between characters", async () => {
  const { socket, texts, closed } = await openSocket(env.KERNEL.getByName("long reason"));
  socket.send("refuse");
  expect(await closed).toEqual({ code: 4400, reason: "é".repeat(60) });
  expect(JSON.parse(texts[0] ?? "")).toMatchObject({ error: { detail: "é".repeat(200) } });
});

test("S15 a fault of the server closes with 4500, and its message stays inside", async () => {
  const { socket, texts, closed } = await openSocket(env.KERNEL.getByName("fault"));
  socket.send("fault");
  expect(await closed).toMatchObject({ code: 4500, reason: expect.not.stringContaining("secret") });
  expect(JSON.parse(texts[0] ?? "")).toMatchObject({ error: { code: "internal" } });
  expect(texts.join()).not.toContain("secret");
});

test("what onConnect throws is told to the socket, which is closed", async () => {
  const { texts, closed } = await openSocket(env.KERNEL.getByName("unwelcome"), {
    subject: "unwelcome",
  });
  expect(await closed).toEqual({ code: 4403, reason: "This one may not connect." });
  expect(JSON.parse(texts[0] ?? "")).toMatchObject({ error: { code: "forbidden" } });
});

test("S17 a socket whose attachment would be too large is refused and leaves nothing behind", async () => {
  const stub = env.KERNEL.getByName("large attachment");
  const response = await stub.fetch(upgradeRequest({ ...READER, subject: "x".repeat(16_384) }));
  expect(await problemIn(response)).toEqual([413, "too_large"]);
  const sockets = await runInDurableObject(
    stub,
    (object, ctx) => object.openLinks.length + ctx.getWebSockets().length,
  );
  expect(sockets).toBe(0);
});
