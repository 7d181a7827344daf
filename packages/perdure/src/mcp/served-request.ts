/** One request of a client's while the server works on it: what the server says goes into the log, and from there to the client. */

import { createParser } from "eventsource-parser";
import { clientStream } from "./client-stream.ts";
import { serverMessage } from "./json-rpc.ts";
import { tooLarge } from "./not-kept.ts";
import type { RequestContext } from "./request-context.ts";
import { effectsOf, inRequest } from "./request-context.ts";
import { MAX_MESSAGE_LENGTH } from "./session-object.ts";
import { HEARTBEAT, HEARTBEAT_MS, messageEvent, primingEvent, withId } from "./sse.ts";
import type { RequestId } from "./stream-name.ts";
import { eventId } from "./stream-name.ts";
import type { EventSink } from "./stream-reader.ts";
import type { StreamWriter } from "./stream-writer.ts";

/** What a request is served with. */
export interface ServedRequestOptions {
  readonly writer: Pick<StreamWriter, "head" | "listen" | "put" | "room" | "close">;
  /** Name of its stream. */
  readonly stream: string;
  /** The client's id of it. */
  readonly request: RequestId;
  /** After how long the client is to come back where its connection ends, in milliseconds. */
  readonly retryMs: number;
  /** Whether the client knows of events without a message. */
  readonly knowsPriming: boolean;
  /** Hands a client's answer to the server that asked. */
  readonly answer: (json: string) => Promise<unknown>;
  /** Ends the server's work. */
  readonly abort: () => void;
  /** The server has answered with an error, and the client has it. */
  readonly failed: () => unknown;
}

/** A request that is being served. Everything in it happens in the HTTP request that brought it. */
export class ServedRequest {
  /** What the client gets. */
  readonly body: ReadableStream<Uint8Array>;
  readonly #options: ServedRequestOptions;
  /** The server's own id of each question that is open, by the id that the client knows. */
  readonly #asked = new Map<string, RequestId>();
  #asks = 0;
  #hasFailed = false;
  #sink: EventSink | undefined;
  #context: RequestContext | undefined;

  constructor(options: ServedRequestOptions) {
    this.#options = options;
    const { writer, abort, stream, retryMs, knowsPriming } = options;
    this.body = clientStream(
      (sink) => {
        this.#sink = sink;
        // Before the server begins: it may end the stream at once, and the client needs an id to come back with.
        const id = eventId({ stream, position: writer.head });
        this.#write(primingEvent(id, retryMs, knowsPriming));
      },
      () => {
        this.#sink = undefined;
      },
    );
    writer.listen({
      answered: (id, data) => void this.#answered(id, data),
      cancelled: abort,
      moved: () => this.closeStream(),
      lost: () => {
        abort();
        this.closeStream();
      },
    });
  }

  /** Ends what the client gets; the work goes on, and the client may come back for it. */
  closeStream(): void {
    this.#sink?.end();
    this.#sink = undefined;
  }

  /** Takes what the server says until it has answered, and sees to it that all of it is durable. */
  async serve(source: ReadableStream<Uint8Array>, context: RequestContext): Promise<void> {
    this.#context = context;
    const { writer } = this.#options;
    const heartbeat = setInterval(() => this.#write(HEARTBEAT), HEARTBEAT_MS);
    try {
      for await (const data of eventData(source)) {
        await this.#take(data);
        await writer.room();
      }
    } catch (error) {
      // A transport errors a stream where the server's code throws: the client is told what it tells everybody.
      console.error("The MCP server failed while it worked on a request:", error);
      const failure = { code: -32_603, message: "The server failed to work on this request." };
      const { request: id } = this.#options;
      await this.#take(JSON.stringify({ jsonrpc: "2.0", id, error: failure }));
    } finally {
      clearInterval(heartbeat);
      // Where it was answered this has no effect.
      writer.put("", true, () => {});
      await writer.close();
      this.closeStream();
      if (this.#hasFailed) await this.#options.failed();
    }
  }

  async #take(data: string): Promise<void> {
    const said = serverMessage(data);
    if (said === undefined) return;
    const { message, asks, answers } = said;
    const isLast = answers === this.#options.request;
    if (isLast) this.#hasFailed = Object.hasOwn(message, "error");
    // What the server did before it answered is done when the client hears the answer.
    if (isLast && this.#context !== undefined) await effectsOf(this.#context);
    this.#put(asks === undefined ? data : this.#ask(message, asks), isLast);
  }

  /** The server's ids are its own, and many servers ask in one session: the client knows a question by another. */
  #ask(message: Readonly<Record<string, unknown>>, asks: RequestId): string {
    this.#asks += 1;
    const id = `${this.#options.stream}:${this.#asks}`;
    this.#asked.set(id, asks);
    return JSON.stringify({ ...message, id });
  }

  async #answered(id: string, data: string): Promise<void> {
    const asked = this.#asked.get(id);
    // An answer that came twice, or to nothing.
    if (asked === undefined || this.#context === undefined) return;
    this.#asked.delete(id);
    const answer = JSON.stringify({ ...(JSON.parse(data) as object), id: asked });
    await inRequest(this.#context, () => this.#options.answer(answer)).catch((error: unknown) =>
      console.error("The MCP server failed to take an answer:", error),
    );
  }

  #put(json: string, isLast: boolean): void {
    const { writer, stream } = this.#options;
    const event = messageEvent(json);
    const answered = isLast ? this.#options.request : undefined;
    // What is too large to be kept still goes to whoever is connected.
    const kept = json.length > MAX_MESSAGE_LENGTH ? messageEvent(tooLarge(answered)) : event;
    writer.put(kept, isLast, (position) => {
      this.#write(withId(eventId({ stream, position }), event));
      if (isLast) this.closeStream();
    });
  }

  #write(text: string): void {
    if (this.#sink?.write(text) === false) this.closeStream();
  }
}

/** The data of each event of a stream. */
async function* eventData(source: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  const found: string[] = [];
  const parser = createParser({ onEvent: ({ data }) => found.push(data) });
  for await (const chunk of source) {
    parser.feed(decoder.decode(chunk, { stream: true }));
    yield* found.splice(0);
  }
}
