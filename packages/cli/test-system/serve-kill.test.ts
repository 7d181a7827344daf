import { once } from "node:events";
import { expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import type { Exit } from "./serve-fixture/server-process.ts";
import {
  readRows,
  startProgram,
  startServer,
  temporaryFolder,
  until,
  untilGone,
  workerdPidOf,
  writeRow,
} from "./serve-fixture/server-process.ts";

/** Opens a socket that has had an answer. */
async function openSocket(url: string): Promise<WebSocket> {
  const socket = new WebSocket(`${url.replace("http:", "ws:")}/socket`);
  onTestFinished(() => socket.terminate());
  socket.on("error", () => {});
  await once(socket, "open");
  socket.send("hello");
  await once(socket, "message");
  return socket;
}

/** Opens a response that never ends, and resolves when its first bytes are there. */
async function openStream(url: string): Promise<ReadableStreamDefaultReader<Uint8Array>> {
  const response = await fetch(`${url}/stream`);
  if (response.body === null) throw new Error("There is no body.");
  const reader = response.body.getReader();
  await reader.read();
  return reader;
}

/** Resolves when the other side is gone. */
async function untilCut(stream: ReadableStreamDefaultReader<Uint8Array>): Promise<void> {
  try {
    while (!(await stream.read()).done);
  } catch {
    // A connection that broke is cut, too.
  }
}

/** Ctrl-C promises an end within five seconds; what does not keep it must not pass as late. */
function withinFiveSeconds(exited: Promise<Exit>): Promise<unknown> {
  const late = new Promise((resolve) => setTimeout(resolve, 5_000, "runs after five seconds"));
  return Promise.race([exited, late]);
}

test("After SIGKILL of workerd the server is back on the same port with every acknowledged row", async () => {
  const dir = temporaryFolder();
  const server = await startServer(dir);
  const acknowledged: string[] = [];
  for (let round = 0; round < 2; round += 1) {
    const killed = await workerdPidOf(dir);
    for (let count = 0; count < 20; count += 1) {
      const body = `round ${round}, row ${count}`;
      await writeRow(server.url, body);
      acknowledged.push(body);
    }
    process.kill(killed, "SIGKILL");
    await untilGone(killed);
    const rows = await until(() => readRows(server.url).catch(() => undefined));
    expect(rows).toEqual(acknowledged);
    expect(await workerdPidOf(dir)).not.toBe(killed);
  }
  await expect
    .poll(() => server.output.stderr)
    .toBe(
      [
        "workerd ended with signal SIGKILL: starting it again in 250 ms.\nworkerd runs again.\n",
        "workerd ended with signal SIGKILL: starting it again in 500 ms.\nworkerd runs again.\n",
      ].join(""),
    );
});

test("After SIGKILL of the server the next start ends its workerd and has every acknowledged row", async () => {
  const dir = temporaryFolder();
  const first = await startServer(dir);
  await writeRow(first.url, "acknowledged");
  const orphan = await workerdPidOf(dir);
  process.kill(first.pid, "SIGKILL");
  await first.exited;
  expect(await readRows(first.url)).toEqual(["acknowledged"]);

  const second = await startServer(dir, ["--port", new URL(first.url).port]);
  await untilGone(orphan);
  expect(second.url).toBe(first.url);
  expect(await readRows(second.url)).toEqual(["acknowledged"]);
});

test.for([
  // A service manager signals the process; Ctrl-C in a terminal, each process of its group.
  ["SIGTERM", (pid: number) => pid],
  ["SIGINT", (pid: number) => -pid],
] as const)(
  "%s sends sockets away and ends everything, also with a stream that never ends",
  async ([signal, receiverOf]) => {
    const dir = temporaryFolder();
    const server = await startServer(dir);
    const workerd = await workerdPidOf(dir);
    const socket = await openSocket(server.url);
    const stream = await openStream(server.url);
    const closed = once(socket, "close");
    const cut = untilCut(stream);

    const exit = withinFiveSeconds(server.exited);
    process.kill(receiverOf(server.pid), signal);
    expect(await exit).toEqual({ code: 0, signal: null });
    const [code] = await closed;
    expect(code).toBe(1001);
    await cut;
    await untilGone(workerd);
    await expect(fetch(server.url)).rejects.toThrow("fetch failed");
    const next = await startServer(dir);
    expect(await readRows(next.url)).toEqual(["hello"]);
  },
);

test("A Worker that never finishes draining is ended all the same, and what it acknowledged is kept", async () => {
  const dir = temporaryFolder();
  const server = await startServer(dir);
  await fetch(`${server.url}/stick`, { method: "POST" });
  const socket = await openSocket(server.url);
  const closed = once(socket, "close");
  const cut = untilCut(await openStream(server.url));
  const exit = withinFiveSeconds(server.exited);
  process.kill(server.pid, "SIGTERM");
  expect(await exit).toEqual({ code: 0, signal: null });
  await closed;
  await cut;
  const next = await startServer(dir);
  expect(await readRows(next.url)).toEqual(["hello"]);
});

test("A second signal ends everything at once", async () => {
  const dir = temporaryFolder();
  const server = await startServer(dir);
  const workerd = await workerdPidOf(dir);
  await fetch(`${server.url}/stick`, { method: "POST" });
  const cut = untilCut(await openStream(server.url));
  const again = setInterval(() => process.kill(server.pid, "SIGTERM"), 100);
  const exit = await server.exited.finally(() => clearInterval(again));
  expect(exit).toEqual({ code: 143, signal: null });
  await cut;
  await untilGone(workerd);
});

test("A signal before the server runs leaves nothing behind", async () => {
  const dir = temporaryFolder();
  const program = startProgram(dir);
  const workerd = await workerdPidOf(dir);
  process.kill(program.pid, "SIGTERM");
  expect(await program.exited).toEqual({ code: 0, signal: null });
  await untilGone(workerd);
});
