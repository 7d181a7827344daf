import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { SessionClient } from "perdure/client";
import { recordSockets } from "./support/recorded-sockets.ts";
import type { RunningServer } from "./support/scene.ts";
import { Scene } from "./support/scene.ts";
import { until } from "./support/until.ts";

/** An idle object hibernates between 9 and 12 s after its last event; the server decides when, so a test can only wait. */
const IDLE_MS = 15_000;

/** On a busy machine the first wait may have been too short. */
const ATTEMPTS = 2;

const scene = new Scene();
let server: RunningServer;

beforeAll(async () => {
  server = await scene.startServer();
});

afterAll(() => scene.end());

/** A client whose link is live, and what its socket brought. */
async function openClient(session: string) {
  const { WebSocket, connections } = recordSockets();
  const token = await scene.token();
  const client = new SessionClient({ url: server.url, session, token, WebSocket });
  onTestFinished(() => client.close());
  client.connect();
  await until("the client is live", () => client.getState().link === "live");
  const incarnations = () => connections.flatMap(({ frames }) => frames.map((frame) => frame.i));
  const title = () => client.getState().session?.meta["title"];
  return { client, connections, incarnations, title };
}

test.concurrent.each([
  { session: "lonely", hasRunner: false },
  { session: "with-a-runner", hasRunner: true },
])(
  "the session $session hibernates with two open sockets, and its next event arrives on both",
  async ({ session, hasRunner }) => {
    await server.api.post("v1/sessions", { id: session });
    if (hasRunner) await scene.startRunner(server, session);
    const [one, other] = [await openClient(session), await openClient(session)];
    for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
      await sleep(IDLE_MS);
      await one.client.setMeta({ title: `after ${attempt}` });
      await until("both know the title", () => other.title() === `after ${attempt}`);
      if (new Set(one.incarnations()).size > 1) break;
    }

    expect(one.title()).toBe(other.title());
    for (const { connections, incarnations } of [one, other]) {
      expect(connections).toHaveLength(1);
      expect(new Set(incarnations()).size).toBeGreaterThan(1);
    }
    expect(new Set(one.incarnations())).toEqual(new Set(other.incarnations()));
  },
);
