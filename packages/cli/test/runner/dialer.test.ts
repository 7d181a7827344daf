import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Dialer } from "../../src/runner/dialer.ts";
import type { RelayLink } from "../../src/runner/relay-ports.ts";
import type { RunnerSocket, SocketListener } from "../../src/runner/socket-port.ts";

/** A socket as its listener's counterpart: what was done to it, in order. */
class FakeSocket implements RunnerSocket {
  readonly done: string[] = [];
  readonly listener: SocketListener;

  constructor(listener: SocketListener) {
    this.listener = listener;
  }

  send(text: string): void {
    this.done.push(text);
  }

  close(code: number): void {
    this.done.push(`close ${code}`);
  }

  terminate(): void {
    this.done.push("terminate");
    this.listener.onClose(1006, "");
  }
}

class DialerBench {
  readonly sockets: FakeSocket[] = [];
  readonly tokens: (string | undefined)[] = [];
  readonly links: RelayLink[] = [];
  readonly messages: string[] = [];
  readonly closes: number[] = [];
  readonly refusals: string[] = [];
  readonly dialer = new Dialer({
    url: "ws://session",
    token: async () => "the-token",
    openSocket: ({ token }, listener) => {
      const socket = new FakeSocket(listener);
      this.tokens.push(token);
      this.sockets.push(socket);
      return socket;
    },
    onOpen: (link) => this.links.push(link),
    onMessage: (text) => this.messages.push(text),
    onClose: (code) => this.closes.push(code) > 0,
    onRefused: ({ detail }) => this.refusals.push(detail),
  });

  /** Dials and lets the connection open. */
  async open(): Promise<{ readonly socket: FakeSocket; readonly link: RelayLink }> {
    this.dialer.start();
    await vi.advanceTimersByTimeAsync(0);
    const socket = this.sockets.at(-1);
    socket?.listener.onOpen();
    const link = this.links.at(-1);
    if (socket === undefined || link === undefined) throw new Error("Nothing was dialled.");
    return { socket, link };
  }
}

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

test("S5 a link is pinged every 15 s, and is dead when nothing has arrived for 40 s", async () => {
  const bench = new DialerBench();
  const { socket } = await bench.open();
  await vi.advanceTimersByTimeAsync(30_000);
  expect(socket.done).toEqual(["ping", "ping"]);
  socket.listener.onMessage("pong");
  await vi.advanceTimersByTimeAsync(30_000);
  expect(socket.done).toEqual(["ping", "ping", "ping", "ping"]);
  await vi.advanceTimersByTimeAsync(15_000);
  expect(socket.done.at(-1)).toBe("terminate");
  expect(bench.closes).toEqual([1006]);
  expect(bench.messages).toEqual([]);
});

test("a lost connection is dialled again, with a token of its own", async () => {
  const bench = new DialerBench();
  const { socket } = await bench.open();
  socket.listener.onClose(1001, "going away");
  await vi.advanceTimersByTimeAsync(300);
  expect(bench.sockets).toHaveLength(2);
  expect(bench.tokens).toEqual(["the-token", "the-token"]);
});

test("N27 a redial ends a connection whose other side does not answer the close", async () => {
  const bench = new DialerBench();
  const { socket, link } = await bench.open();
  link.redial("the session did not answer");
  expect(socket.done).toEqual(["close 1001"]);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(socket.done).toEqual(["close 1001", "terminate"]);
  await vi.advanceTimersByTimeAsync(300);
  expect(bench.sockets).toHaveLength(2);
});

test("attempts that fail come less and less often, and at the least every 10 s", async () => {
  const bench = new DialerBench();
  bench.dialer.start();
  const counts: number[] = [];
  for (let minute = 0; minute < 3; minute += 1) {
    const before = bench.sockets.length;
    for (let second = 0; second < 60; second += 1) {
      await vi.advanceTimersByTimeAsync(1_000);
      const socket = bench.sockets.at(-1);
      if (socket?.done.length === 0) {
        socket.done.push("failed");
        socket.listener.onError("nobody there");
        socket.listener.onClose(1006, "");
      }
    }
    counts.push(bench.sockets.length - before);
  }
  expect(counts[2]).toBeGreaterThanOrEqual(5);
  expect(counts[2]).toBeLessThanOrEqual(12);
  expect(counts[0]).toBeGreaterThan(counts[2] ?? 0);
  expect(bench.closes).toEqual([]);
});

test("a refusal that will not pass is told once and ends the dialling; one that may is tried again", async () => {
  const bench = new DialerBench();
  bench.dialer.start();
  await vi.advanceTimersByTimeAsync(0);
  bench.sockets[0]?.listener.onRefused(503, { code: "unavailable", detail: "Starting." });
  await vi.advanceTimersByTimeAsync(300);
  bench.sockets[1]?.listener.onRefused(404, { code: "session_not_found", detail: "None." });
  await vi.advanceTimersByTimeAsync(60_000);
  expect(bench.sockets).toHaveLength(2);
  expect(bench.refusals).toEqual(["None."]);
});

test("nothing is told after a stop, and nothing is dialled", async () => {
  const bench = new DialerBench();
  const { socket } = await bench.open();
  bench.dialer.stop("the runner stops");
  socket.listener.onMessage("late");
  await vi.advanceTimersByTimeAsync(60_000);
  expect(socket.done).toEqual(["close 1000", "terminate"]);
  expect([bench.messages, bench.closes, bench.sockets.length]).toEqual([[], [], 1]);
});
