import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test, vi } from "vitest";
import { verifyWebhook } from "../../src/protocol/index.ts";
import { callGateway } from "../../src/session/gateway-call.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { GATEWAY_SECRET } from "./waking-world.ts";

interface Heard {
  readonly path: string;
  readonly headers: Headers;
  readonly body: string;
}

/** A server on this machine that answers every path as told, and what it has heard. */
async function listening(status: number, headers: Record<string, string> = {}) {
  const heard: Heard[] = [];
  const server = createServer((request, response) => {
    void (async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      heard.push({
        path: request.url ?? "",
        headers: new Headers(request.headers as Record<string, string>),
        body: Buffer.concat(chunks).toString(),
      });
      response.writeHead(status, headers).end("what it says is not read");
    })();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/gateway`, heard };
}

const clock = new FakeClock();

/** A call by the platform's own `fetch`. */
const call = (url: string, time = clock) => {
  const data = { session: "s1", attempt: 1, of: 8, why: "queued" } as const;
  const body = { type: "runner.wanted", timestamp: "2026-11-21T00:00:00Z", data } as const;
  const policy = { default: { url }, secret: GATEWAY_SECRET };
  return callGateway({ url, id: "wk_1", body }, policy, time);
};

test.each([301, 302, 303, 307, 308])(
  "G8 a redirect (%i) is not followed: nobody has allowed where it leads",
  async (status) => {
    const elsewhere = await listening(202);
    const gateway = await listening(status, { location: elsewhere.url });
    expect(await call(gateway.url)).toMatchObject({ kind: "refused" });
    expect(gateway.heard).toHaveLength(1);
    expect(elsewhere.heard).toEqual([]);
  },
);

test("G3 what arrives is signed over id, time and body, as the time is", async () => {
  const { url, heard } = await listening(202);
  expect(await call(url)).toEqual({ kind: "taken" });
  const [one] = heard;
  if (one === undefined) throw new Error("nothing was heard");
  const { headers, body } = one;
  expect(await verifyWebhook(GATEWAY_SECRET, headers, body, clock.now())).toBe("wk_1");
  expect(headers.get("content-type")).toBe("application/json");
  const changed = verifyWebhook(GATEWAY_SECRET, headers, `${body} `, clock.now());
  await expect(changed).rejects.toThrow("signature");
});

test("G5 a call that nobody answers is ended after 10 s, and with it its connection", async () => {
  const waiting = new FakeClock();
  const gone = Promise.withResolvers<void>();
  const server = createServer((request) => {
    request.socket.once("close", () => gone.resolve());
    waiting.advance(10_000);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  expect(await call(`http://127.0.0.1:${port}/`, waiting)).toEqual({
    kind: "failed",
    reason: "The gateway did not answer within 10 s.",
  });
  await gone.promise;
});

test("what a gateway says is not read, and its connection not held for it", async () => {
  const cancelled = vi.fn<() => void>();
  const url = "https://box.example/";
  const policy = {
    default: { url },
    secret: GATEWAY_SECRET,
    fetch: async () => new Response(new ReadableStream({ cancel: cancelled }), { status: 202 }),
  };
  const data = { session: "s1", attempt: 1, of: 8, why: "queued" } as const;
  const body = { type: "runner.wanted", timestamp: "2026-11-21T00:00:00Z", data } as const;
  expect(await callGateway({ url, id: "wk_1", body }, policy, clock)).toEqual({ kind: "taken" });
  expect(cancelled).toHaveBeenCalledOnce();
});

test("G5 a gateway that is not there has failed, and its address is told to nobody", async () => {
  const { url } = await listening(202);
  const { port } = new URL(url);
  const gone = await call(url.replace(port, "1"));
  expect(gone).toEqual({ kind: "failed", reason: "The gateway could not be reached." });
  expect(clock.waiting).toBe(0);
});
