import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import { SessionClient } from "../../src/client/index.ts";

const BAD_ID = { code: "bad_request", detail: "A session's id has no spaces." };

const PROBLEM = { code: "unauthorized", detail: "Log in again." };

/** A server that refuses every upgrade with 401, and answers other requests with `status` and a problem. */
async function refusingServer(status: number, problem = PROBLEM): Promise<string> {
  const server = createServer((_request, response) => {
    response.writeHead(status, { "content-type": "application/problem+json" });
    response.end(JSON.stringify(problem));
  });
  server.on("upgrade", (_request, socket) => socket.end("HTTP/1.1 401 Unauthorized\r\n\r\n"));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function clientOf(url: string): Promise<SessionClient> {
  const client = new SessionClient({ url, session: "s1", WebSocket });
  onTestFinished(() => client.close());
  client.connect();
  const settled = Promise.withResolvers<void>();
  client.subscribe(() => {
    if (["offline", "closed"].includes(client.getState().link)) settled.resolve();
  });
  await settled.promise;
  return client;
}

test("a refused upgrade, whose reason a browser hides, closes the link for good with the reason of the description", async () => {
  const client = await clientOf(await refusingServer(401));
  await expect.poll(() => client.getState().link).toBe("closed");
  expect(client.getState().problem).toEqual(PROBLEM);
});

test("an id that can be no session's closes the link for good", async () => {
  const client = await clientOf(await refusingServer(400, BAD_ID));
  await expect.poll(() => client.getState().link).toBe("closed");
  expect(client.getState().problem).toEqual(BAD_ID);
});

test("a refusal that passes, such as too many connections, is tried again", async () => {
  const client = await clientOf(await refusingServer(503));
  expect(client.getState()).toMatchObject({ link: "offline", problem: undefined });
});
