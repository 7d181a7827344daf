/** The fixture on plain Node with what tmcp itself keeps in memory: what a suite says of this is tmcp's. */

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { ReadableStream as NodeReadableStream } from "node:stream/web";
import { HttpTransport } from "@tmcp/transport-http";
import { createFixtureServer } from "../fixture/server.ts";

const server = createFixtureServer({ closeSseStream: () => {} });
const transport = new HttpTransport(server, { path: "/mcp" });

async function answer(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const gone = new AbortController();
  outgoing.once("close", () => gone.abort());
  const hasBody = incoming.method === "POST";
  const request = new Request(`http://${incoming.headers.host}${incoming.url}`, {
    method: incoming.method ?? "GET",
    headers: Object.entries(incoming.headers).map(([name, value]) => [name, String(value)]),
    ...(hasBody && { body: Readable.toWeb(incoming) as ReadableStream, duplex: "half" as const }),
    signal: gone.signal,
  });
  const response = (await transport.respond(request)) ?? new Response(null, { status: 404 });
  outgoing.writeHead(response.status, Object.fromEntries(response.headers));
  outgoing.flushHeaders();
  if (response.body === null) return void outgoing.end();
  // A client that goes away ends its stream.
  await pipeline(Readable.fromWeb(response.body as NodeReadableStream), outgoing).catch(() => {});
}

const listener = createServer((incoming, outgoing) => void answer(incoming, outgoing));

listener.listen(0, "127.0.0.1", () => {
  const { port } = listener.address() as AddressInfo;
  console.log(`Listens on http://127.0.0.1:${port}/mcp`);
});
