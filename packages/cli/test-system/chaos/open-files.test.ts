import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { text } from "node:stream/consumers";
import { SessionClient } from "perdure/client";
import { isObject } from "perdure/protocol";
import { afterAll, beforeAll, expect, test } from "vitest";
import { WebSocket } from "ws";
import { maxConnections } from "../../src/serve/open-files.ts";
import { openFilesOf } from "../support/open-files-of.ts";
import type { RunningServer } from "../support/scene.ts";
import { Scene } from "../support/scene.ts";
import { until } from "../support/until.ts";

/** So few that a test reaches the cap: the server may not raise it. */
const OPEN_FILES = 400;

const CAP = maxConnections(OPEN_FILES);

/** Attempts past the cap, some at the same time. */
const INTRUDERS = 200;
const AT_ONCE = 20;

const scene = new Scene();
let server: RunningServer;
let workerd = 0;
let token = "";
/** The worst case: every socket on a session of its own, and all sessions awake. */
const clients: SessionClient[] = [];

beforeAll(async () => {
  server = await scene.startServer({ openFiles: OPEN_FILES });
  workerd = await scene.workerdPid();
  token = await scene.token();
  for (let index = 0; index <= CAP; index += 1)
    await server.api.post("v1/sessions", { id: sessionOf(index) });
  for (let index = 0; index < CAP; index += 1)
    clients.push(
      new SessionClient({ url: server.url, session: sessionOf(index), token, WebSocket }),
    );
  for (const client of clients) client.connect();
  await until("everybody is live", areAllLive);
});

afterAll(async () => {
  for (const client of clients) client.close();
  await scene.end();
});

const sessionOf = (index: number) => `s${index}`;

const areAllLive = () => clients.every((client) => client.getState().link === "live");

/** Tries to open a socket; answers how it was refused, or undefined where it was opened. */
async function refusalOf(session: string) {
  const socket = new WebSocket(`${server.url.replace("http", "ws")}/v1/sessions/${session}/ws`, {
    headers: { authorization: `Bearer ${token}` },
  });
  const refused = once(socket, "unexpected-response") as Promise<[unknown, IncomingMessage]>;
  const answer = await Promise.race([refused, once(socket, "open").then(() => undefined)]);
  socket.on("error", () => {}).terminate();
  if (answer === undefined) return undefined;
  const [, response] = answer;
  const problem: unknown = JSON.parse(await text(response));
  return {
    status: response.statusCode,
    retryAfter: response.headers["retry-after"],
    code: isObject(problem) ? problem["code"] : undefined,
    limit: isObject(problem) ? problem["limit"] : undefined,
  };
}

const REFUSAL = { status: 503, retryAfter: "5", code: "too_many_connections", limit: CAP };

/** Has every session tell its reader something new, and waits until all were told. */
async function tellEverybody(title: string): Promise<void> {
  for (const client of clients) await client.setMeta({ title });
  await until("everybody was told", () =>
    clients.every((client) => client.getState().session?.meta["title"] === title),
  );
}

test("past the cap a socket and a stream are refused, and told when to come back", async () => {
  expect(CAP).toBe(28);
  expect(await refusalOf(sessionOf(CAP))).toEqual(REFUSAL);
  const stream = await fetch(`${server.url}/v1/sessions/${sessionOf(CAP)}/events`, {
    headers: { authorization: `Bearer ${token}`, accept: "text/event-stream" },
  });
  expect(await stream.json()).toMatchObject({ code: "too_many_connections", limit: CAP });
  expect([stream.status, stream.headers.get("retry-after")]).toEqual([503, "5"]);
});

test(`${INTRUDERS} that are refused disturb nobody who is connected, and requests are answered`, async () => {
  for (let count = 0; count < INTRUDERS; count += AT_ONCE) {
    const refusals = Array.from({ length: AT_ONCE }, () => refusalOf(sessionOf(CAP)));
    expect(await Promise.all(refusals)).toEqual(Array.from({ length: AT_ONCE }, () => REFUSAL));
  }
  await tellEverybody("still here");
  expect(await server.api.get(`v1/sessions/${sessionOf(CAP)}`)).toMatchObject({ head: 1 });
  expect(areAllLive()).toBe(true);
});

test("a place that somebody leaves is the next one's", async () => {
  clients.pop()?.close();
  await until("there is room", async () => (await refusalOf(sessionOf(CAP))) === undefined);
  expect(areAllLive()).toBe(true);
});

test("all that break their connections at once come back, and the server is the same", async () => {
  for (const client of clients) client.reconnect();
  await until("everybody is back", areAllLive);
  await tellEverybody("back again");
  expect(openFilesOf(workerd) ?? 0).toBeLessThan(OPEN_FILES);
  expect(await scene.workerdPid()).toBe(workerd);
  expect(server.program.stderr).toBe("");
});
