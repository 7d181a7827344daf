/** The log over HTTP: a page as JSON, or all that follows as Server-Sent Events. */

import type { Context, TypedResponse } from "hono";
import { Hono } from "hono/tiny";
import type { PlacedEvent } from "../dialects/index.ts";
import { eventStreamResponse, placeEvents } from "../dialects/index.ts";
import type { EventPage } from "../session/index.ts";
import type { Access, OpenSession, SessionRouteEnv } from "./access.ts";
import { defined, wholeNumber } from "./fields.ts";
import { valueOf } from "../session/index.ts";
import { json, query } from "./typed-route.ts";

/**
 * Single events, each with its position, which for the first is `position`; `next` is the cursor of the next page.
 */
export interface PlacedPage extends Omit<EventPage, "events"> {
  readonly events: readonly PlacedEvent[];
}

/** A page; where the request accepts `text/event-stream` it is a stream, which a typed client reads as its `body`. */
type PageOrStream = Response & TypedResponse<PlacedPage, 200, "json">;

/** `GET /sessions/:id/events`. */
export function eventRoutes(access: Access) {
  return new Hono<SessionRouteEnv>().get(
    "/sessions/:id/events",
    access.allow("read"),
    query(cursorOf),
    (c): Promise<PageOrStream> => {
      const session = c.var.perdure;
      const { after = 0 } = c.req.valid("query");
      if (!wantsStream(c)) return pageOfEvents(session, after);
      return access.connect(c, () => streamEvents(c, session, after));
    },
  );
}

async function pageOfEvents({ call, identity }: OpenSession, after: number) {
  const { position, events, next, head, floor } = valueOf(
    await call((stub) => stub.events(identity, after)),
  );
  const page: PlacedPage = { position, events: placeEvents(position, events), next, head, floor };
  return json(page);
}

async function streamEvents(c: Context, { call, identity }: OpenSession, first: number) {
  const after = lastEventIdOf(c) ?? first;
  const { signal } = c.req.raw;
  const stream = await call((stub) => eventStreamResponse(stub, identity, { after, signal }));
  return stream as PageOrStream;
}

function cursorOf({ after }: Readonly<Partial<Record<string, string>>>): {
  readonly after?: number;
} {
  return defined({ after: wholeNumber(after, "after") });
}

/** A client that reconnects repeats its first URL, so what it saw last counts more than what it asked for first. */
function lastEventIdOf(c: Context): number | undefined {
  const last = c.req.header("last-event-id");
  return last === "" ? undefined : wholeNumber(last, "Last-Event-ID");
}

/** Whether the request asks for a stream. One without a body to stream into is answered with a page's headers. */
function wantsStream(c: Context): boolean {
  const accept = c.req.header("accept") ?? "";
  return c.req.method === "GET" && /\btext\/event-stream\b/i.test(accept);
}
