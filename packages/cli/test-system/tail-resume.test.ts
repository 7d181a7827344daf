import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { SessionClient } from "perdure/client";
import { isObject } from "perdure/protocol";
import { CutProxy } from "./support/cut-proxy.ts";
import { recordSockets } from "./support/recorded-sockets.ts";
import type { RunningServer } from "./support/scene.ts";
import { Scene } from "./support/scene.ts";
import { until } from "./support/until.ts";

const scene = new Scene();
let proxy: CutProxy;
let server: RunningServer;
/** The last position of the session `quiet`, in which one turn of 200 tokens has ended. */
let head = 0;

beforeAll(async () => {
  proxy = await CutProxy.open();
  server = await scene.startServerBehind(proxy);
  await scene.startRunner(server, "quiet");
  await server.api.post("v1/sessions/quiet/messages", { id: "p1", text: "tokens=200 rate=0" });
  head = await until("the turn has ended", async () => endOf("quiet"));
});

afterAll(async () => {
  proxy.close();
  await scene.end();
});

/** The head of a session whose turns have all ended. */
async function endOf(session: string): Promise<number | undefined> {
  const page = await server.api.get(`v1/sessions/${session}/events?after=0`);
  if (!isObject(page) || !Array.isArray(page["events"])) throw new Error("It is no page.");
  const events: unknown[] = page["events"];
  const isEnded = JSON.stringify(events.at(-1)).includes('"turn.ended"');
  return isEnded && typeof page["head"] === "number" ? page["head"] : undefined;
}

/** The positions after one and up to another. */
const range = (after: number, last: number) =>
  Array.from({ length: last - after }, (_, index) => after + 1 + index);

const cursors = [
  ["the beginning", () => 0],
  ["the middle of a run of tokens", () => Math.floor(head / 2)],
  ["one before the head", () => head - 1],
  ["the head", () => head],
] as const;

/** The positions that `perdure tail --json` printed. */
const printedPositions = (stdout: string) =>
  stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line): unknown => {
      const value: unknown = JSON.parse(line);
      return isObject(value) ? value["position"] : undefined;
    });

test("a turn of 200 tokens takes a position for each", () => {
  expect(head).toBeGreaterThan(200);
});

test.each(cursors)("`perdure tail --after` prints exactly what follows %s", async (_, cursor) => {
  const after = cursor();
  const connection = ["--url", server.url, "--dir", scene.dir];
  const tail = scene.run("tail", "quiet", "--json", "--after", String(after), ...connection);

  expect(await tail.exited).toEqual({ code: 0, signal: null });
  expect(printedPositions(tail.stdout)).toEqual(range(after, head));
  expect(tail.stderr).toBe(`cursor ${head}\n`);
});

test.each(cursors)("a client is sent exactly what follows %s", async (_, cursor) => {
  const after = cursor();
  const { url } = server;
  const { WebSocket, connections } = recordSockets();
  const token = await scene.token("viewer");
  const client = new SessionClient({ url, session: "quiet", after, token, WebSocket });
  onTestFinished(() => client.close());
  const told: number[] = [];
  client.on("event", (_event, position) => told.push(position));
  client.connect();
  await until("the client is live", () => client.getState().link === "live");

  expect(connections.map(({ positions }) => positions)).toEqual([range(after, head)]);
  expect(told).toEqual(range(after, head));
  expect(client.getState().cursor).toBe(head);
});

test("a link cut in mid-turn brings after its reconnect only what was missed", async () => {
  await scene.startRunner(server, "cut");
  const { WebSocket, connections } = recordSockets();
  const token = await scene.token();
  const { url } = proxy;
  const client = new SessionClient({ url, session: "cut", after: 0, token, WebSocket });
  onTestFinished(() => client.close());
  const told: number[] = [];
  client.on("event", (_event, position) => told.push(position));
  let toldBefore: number | undefined;
  client.subscribe(() => {
    if (client.getState().link === "offline") toldBefore ??= told.length;
  });
  client.connect();
  await client.send("tokens=200 rate=60");
  // A flush in mid-turn makes tokens durable.
  await until("some of the tokens are durable", () => told.length > 60);
  proxy.cut();
  const last = await until("the turn has ended", () => endOf("cut"));
  await until("all has been told", () => told.length >= last);

  expect(toldBefore).toBeLessThan(last);
  expect(told).toEqual(range(0, last));
  const [first, second, ...more] = connections;
  expect(more).toEqual([]);
  expect(first?.positions).toEqual(range(0, first?.positions.length ?? 0));
  expect(JSON.parse(second?.sent[0] ?? "")).toEqual({ t: "hello", v: 1, after: toldBefore });
  expect(second?.positions).toEqual(range(toldBefore ?? 0, last));
});

test("`perdure tail --follow` prints each position once over a link that is cut", async () => {
  await scene.startRunner(server, "followed");
  const connection = ["--url", proxy.url, "--dir", scene.dir];
  const tail = scene.run("tail", "followed", "--json", "--follow", ...connection);
  await tail.said(/"runner.started"/);
  const prompt = { id: "p1", text: "tokens=200 rate=60" };
  await server.api.post("v1/sessions/followed/messages", prompt);
  for (const half of [60, 130]) {
    await until(`${half} are printed`, () => printedPositions(tail.stdout).length > half);
    proxy.cut();
  }
  const last = await until("the turn has ended", () => endOf("followed"));
  await until("all is printed", () => printedPositions(tail.stdout).length >= last);

  expect(await tail.end("SIGINT")).toEqual({ code: 0, signal: null });
  expect(printedPositions(tail.stdout)).toEqual(range(0, last));
  expect(tail.stderr).toBe(`cursor ${last}\n`);
});
