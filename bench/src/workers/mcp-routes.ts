/** The few routes that the measurements of MCP sessions need, over whichever manager of sessions. */

/** What both managers of sessions have. */
export interface Streams {
  create(id: string, controller: ReadableStreamDefaultController): Promise<void> | void;
  delete(id: string): Promise<void> | void;
  send(sessions: string[] | undefined, data: string): Promise<void> | void;
}

/** What every session is sent. */
export function eventOf(number: number): string {
  const data = `line ${number}: a message of a hundred characters, as servers write them to their logs ........`;
  const params = { level: "info", data };
  return `event: message\ndata: ${JSON.stringify({ jsonrpc: "2.0", method: "notifications/message", params })}\n\n`;
}

/** Answers a request of the load side; undefined for one that is MCP itself. */
export async function mcpRoute(request: Request, streams: Streams): Promise<Response | undefined> {
  const { pathname, searchParams } = new URL(request.url);
  const sessions = searchParams.getAll("session");
  if (pathname === "/stream") return streamOf(streams, sessions[0] ?? "");
  if (pathname !== "/send") return undefined;
  const count = Number(searchParams.get("count") ?? 1);
  for (let number = 0; number < count; number += 1)
    await streams.send(sessions.length === 0 ? undefined : sessions, eventOf(number));
  return new Response(null, { status: 204 });
}

/** As a transport does it, but that the first bytes say when the stream is attached. */
function streamOf(streams: Streams, session: string): Response {
  const body = new ReadableStream<Uint8Array>({
    async start(controller) {
      await streams.create(session, controller);
      controller.enqueue(new TextEncoder().encode("data: attached\n\n"));
    },
    cancel: () => streams.delete(session),
  });
  return new Response(body, { headers: { "content-type": "text/event-stream" } });
}
