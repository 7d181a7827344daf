import { SessionListClient } from "perdure/client/list";
import type { SessionListing } from "perdure/protocol";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { recordSockets } from "./support/recorded-sockets.ts";
import type { RunningServer } from "./support/scene.ts";
import { Scene } from "./support/scene.ts";
import { until } from "./support/until.ts";

const scene = new Scene();
let server: RunningServer;

beforeAll(async () => {
  server = await scene.startServer();
});

afterAll(() => scene.end());

/** A page with the list, and every line that it ever showed of a session. */
async function follow(session: string) {
  const { WebSocket } = recordSockets();
  const token = await scene.token();
  const list = new SessionListClient({ url: server.url, token, WebSocket });
  onTestFinished(() => list.close());
  const shown: SessionListing[] = [];
  list.subscribe(() => {
    const line = list.getState().sessions?.find(({ id }) => id === session);
    if (line !== undefined && line !== shown.at(-1)) shown.push(line);
  });
  list.connect();
  await until("the list is live", () => list.getState().link === "live");
  return { list, shown };
}

test("I8 a list shows a session when it is created, runs, waits for a person, and rests", async () => {
  const { list, shown } = await follow("seen");
  await scene.startRunner(server, "seen");
  await until("the session is there", () => shown.length > 0);
  await server.api.post("v1/sessions/seen/messages", { id: "p", text: "tokens=5 rate=0 ask=1" });
  await until("it waits for a person", () => shown.at(-1)?.status === "waiting");
  const waiting = await server.api.get("v1/sessions?status=waiting");
  expect(waiting).toMatchObject({ sessions: [{ id: "seen", title: "tokens=5 rate=0 ask=1" }] });
  await server.api.post("v1/sessions/seen/terminate", {});
  await until("it is over", () => shown.at(-1)?.lifecycle === "terminated");
  expect(shown.map(({ status }) => status)).toEqual(["idle", "running", "waiting", "idle"]);
  expect(list.getState().hasMore).toBe(false);
});

test("I1 a list that was open when workerd was killed goes on with what has changed", async () => {
  await server.api.post("v1/sessions", { id: "kept" });
  const { list, shown } = await follow("kept");
  await until("the session is there", () => shown.length > 0);
  await scene.killWorkerd();
  await until("the list is live again", () => list.getState().link === "live");
  await server.api.post("v1/sessions/kept/pause", {});
  await until("the list says so", () => shown.at(-1)?.lifecycle === "paused");
  expect(list.getState().problem).toBeUndefined();
});

test("S11 a server that ends closes lists too, and does not wait for them", async () => {
  const { list } = await follow("any");
  const [exit] = await Promise.all([
    server.program.end("SIGTERM"),
    until("the link is down", () => list.getState().link === "offline"),
  ]);
  expect(exit).toMatchObject({ code: 0 });
});
