import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import { ConnectionClient, SessionClient } from "../../src/client/index.ts";

const BAD_ID = { code: "bad_request", detail: "A session's id has no spaces." };

const PROBLEM = { code: "unauthorized", detail: "Log in again." };

/** A server that refuses every upgrade with 401, and answers other requests with `status` and a problem. */
async function refusingServer(status: number, body: unknown = PROBLEM): Promise<string> {
  const server = createServer((request, response) => {
    // What is beside a connection's address is no concern of its client.
    response.writeHead(request.url === "/live" ? 500 : status);
    response.end(typeof body === "string" ? body : JSON.stringify(body));
  });
  server.on("upgrade", (_request, socket) => socket.end("HTTP/1.1 401 Unauthorized\r\n\r\n"));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const clientOf = (url: string) => connected(new SessionClient({ url, session: "s1", WebSocket }));

/** Waits for what became of the first attempt. */
async function connected<Client extends SessionClient | ConnectionClient>(
  client: Client,
): Promise<Client> {
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

test("Y13 a connection that is refused is closed for good, with the reason of its own address", async () => {
  const url = `${await refusingServer(401)}/live/ws`;
  const client = await connected(new ConnectionClient({ url, WebSocket }));
  await expect.poll(() => client.getState().link).toBe("closed");
  expect(client.getState().problem).toEqual(PROBLEM);
});

test.each(["No.", "{}", "null", `{"code":7,"detail":"x"}`])(
  "Y13 a refusal in words of its own counts by its status: %s",
  async (body) => {
    const client = await connected(
      new ConnectionClient({ url: await refusingServer(403, body), WebSocket }),
    );
    const sent = client.emit("say");
    await expect(sent).rejects.toMatchObject({ code: "forbidden" });
    expect(client.getState().problem?.code).toBe("forbidden");
  },
);
