import { env } from "cloudflare:workers";
import type { EventStore } from "@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js";
import type { JSONRPCMessage } from "@modelcontextprotocol/sdk/types.js";
import { createParser } from "eventsource-parser";
import { callObject, namespaceOf } from "../../object/index.ts";
import { PerdureError } from "../../protocol/index.ts";
import { DEFAULT_BINDING } from "../durable-object-session-manager.ts";
import { missing, tooLarge } from "../not-kept.ts";
import { sessionName } from "../placement.ts";
import { checkSessionId } from "../session-id.ts";
import { MAX_MESSAGE_LENGTH } from "../session-object.ts";
import { messageEvent } from "../sse.ts";
import { eventId, STANDALONE } from "../stream-name.ts";
import type { SessionStub } from "../stream-socket.ts";

/** The SDK's name of the stream of a plain GET. */
const SDK_STANDALONE = "_GET_stream";

/** The name of another stream: the SDK makes UUIDs. */
const STREAM = /^[\w.-]{1,128}$/;

/** An event id: the name of a stream, a dash, a position. */
const EVENT = /^([\w.-]{1,128})-(\d{1,15})$/;

/**
 * The events of one MCP session, in its Durable Object: the `eventStore` of a transport of `@modelcontextprotocol/sdk`. Ids and order are those
 * of the session's one log, and what is kept of it is bounded as for every session (`SyncLayer.maxMessages`, `maxLength`).
 */
export class DurableEventStore implements EventStore {
  readonly #session: string;
  readonly #binding: string;

  /**
   * @param session The session's id, 1 to 256 characters of visible ASCII, else a `bad_request`. The session begins with its first event.
   * @param binding Binding of `SyncLayer`; default `TMCP_DURABLE_OBJECT`.
   */
  constructor(session: string, binding: string = DEFAULT_BINDING) {
    checkSessionId(session);
    this.#session = session;
    this.#binding = binding;
  }

  /**
   * Stores a message; answers its id when it is durable. Of one that is longer than 1 Mi characters only word is kept that it was too
   * large. Rejects with `bad_request` where the name of the stream is none of the SDK's.
   */
  async storeEvent(streamId: string, message: JSONRPCMessage): Promise<string> {
    const stream = streamId === SDK_STANDALONE ? STANDALONE : streamId;
    if (!STREAM.test(stream) || streamId === STANDALONE)
      throw new PerdureError("bad_request", "A stream's name has 1 to 128 letters, digits, -_.");
    const data = eventOf(message);
    const key = crypto.randomUUID();
    let attempts = 0;
    const position = await this.#call((stub) => stub.put(stream, data, key, (attempts += 1) > 1));
    return eventId({ stream, position });
  }

  /** The stream of an event; undefined where the id is none of a session's. */
  async getStreamIdForEventId(id: string): Promise<string | undefined> {
    const place = placeOf(id);
    return place && sdkName(place.stream);
  }

  /**
   * Sends the messages that followed an event in its stream, in order; answers the stream. Where some are not kept any more it sends
   * a `notifications/message` of the logger `perdure` first, with `data.event` `"gap"`. Rejects with `bad_request` where the id is none of
   * a session's, and with `session_not_found` where the session is gone.
   */
  async replayEventsAfter(
    lastEventId: string,
    { send }: { send: (eventId: string, message: JSONRPCMessage) => Promise<void> },
  ): Promise<string> {
    const place = placeOf(lastEventId);
    if (place === undefined)
      throw new PerdureError("bad_request", "This Last-Event-ID is none of this server's.");
    const { stream } = place;
    for (let after = place.position; ;) {
      const page = await this.#call((stub) => stub.replay(stream, after));
      if (page === null)
        throw new PerdureError("session_not_found", "There is no such MCP session any more.");
      if (after < page.floor)
        await send(eventId({ stream, position: page.floor }), missing(after, page.floor));
      for (const [position, event] of page.messages)
        for (const message of messagesIn(event)) await send(eventId({ stream, position }), message);
      if (page.next >= page.head) return sdkName(stream);
      after = page.next;
    }
  }

  /** Ends the session, and erases all of it: what `onsessionclosed` of a transport calls. */
  async end(): Promise<void> {
    await this.#call((stub) => stub.end());
  }

  #call<T>(call: (stub: SessionStub) => Promise<T>): Promise<T> {
    const namespace = namespaceOf<SessionStub>(env, this.#binding, "SyncLayer");
    return callObject(namespace, sessionName(this.#session), call);
  }
}

/** What is stored: nothing for the event without a message that the SDK begins a stream with. */
function eventOf(message: JSONRPCMessage): string {
  if (Object.keys(message).length === 0) return "";
  const json = JSON.stringify(message);
  if (json.length <= MAX_MESSAGE_LENGTH) return messageEvent(json);
  return messageEvent(tooLarge("method" in message ? undefined : message.id));
}

function placeOf(id: string): { readonly stream: string; readonly position: number } | undefined {
  const [, stream, position] = EVENT.exec(id) ?? [];
  return stream === undefined ? undefined : { stream, position: Number(position) };
}

function sdkName(stream: string): string {
  return stream === STANDALONE ? SDK_STANDALONE : stream;
}

function messagesIn(event: string): readonly JSONRPCMessage[] {
  const found: JSONRPCMessage[] = [];
  const parser = createParser({
    onEvent: ({ data }) => found.push(JSON.parse(data) as JSONRPCMessage),
  });
  parser.feed(event);
  return found;
}
