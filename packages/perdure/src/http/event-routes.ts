/** The log over HTTP: a page as JSON, or all that follows as Server-Sent Events. */

import { eventStreamResponse, placeEvents } from "../dialects/index.ts";
import type { OpenSession } from "./access.ts";
import { openSession } from "./access.ts";
import type { ConnectionGate } from "./connection-gate.ts";
import type { App, AppContext, AppOptions } from "./options.ts";
import { wholeNumber } from "./query.ts";
import { json, resource } from "./resource.ts";
import { valueOf } from "./result.ts";
import type { SessionGate } from "./session-gate.ts";

/** Adds the route of a session's events. */
export function addEventRoutes<Env>(
  app: App<Env>,
  options: AppOptions<Env>,
  connections: ConnectionGate,
  sessions: SessionGate,
): void {
  resource(app, "/v1/sessions/:id/events", {
    GET: (c) => {
      const session = openSession(c, options, sessions, "read");
      if (!wantsStream(c)) return pageOfEvents(c, session);
      return connections.admit(options.maxConnections?.(c.env), () => streamEvents(c, session));
    },
  });
}

/**
 * `{position, events, next, head, floor}`: single events, each with its position, which for the first is `position`; `next`
 * is the cursor of the next page.
 */
async function pageOfEvents<Env>(
  c: AppContext<Env>,
  { call, identity }: OpenSession,
): Promise<Response> {
  const after = wholeNumber(c.req.query("after"), "after") ?? 0;
  const { position, events, next, head, floor } = valueOf(
    await call((stub) => stub.events(identity, after)),
  );
  return json({ position, events: placeEvents(position, events), next, head, floor });
}

async function streamEvents<Env>(
  c: AppContext<Env>,
  { call, identity }: OpenSession,
): Promise<Response> {
  const after = cursorOf(c);
  const { signal } = c.req.raw;
  return call((stub) => eventStreamResponse(stub, identity, { after, signal }));
}

/** A client that reconnects repeats its first URL, so what it saw last counts more than what it asked for first. */
function cursorOf<Env>(c: AppContext<Env>): number {
  const last = c.req.header("last-event-id");
  if (last !== undefined && last !== "") return wholeNumber(last, "Last-Event-ID") ?? 0;
  return wholeNumber(c.req.query("after"), "after") ?? 0;
}

/** Whether the request asks for a stream. One without a body to stream into is answered with a page's headers. */
function wantsStream<Env>(c: AppContext<Env>): boolean {
  const accept = c.req.header("accept") ?? "";
  return c.req.method === "GET" && /\btext\/event-stream\b/i.test(accept);
}
