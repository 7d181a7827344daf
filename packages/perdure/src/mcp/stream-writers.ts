/** Those who write the streams of one session: the requests that Workers are at work on. */

import type { Clock, Link } from "../object/index.ts";
import { CLOSE, PerdureError } from "../protocol/index.ts";
import type { ClientFacts } from "./kept-session.ts";
import type { Message, MessageLog, StreamProgress } from "./message-log.ts";
import type { StreamMeta, Written, WriterFrame } from "./rpc.ts";
import { streamMetaOf } from "./rpc.ts";
import { messageEvent } from "./sse.ts";
import { requestOf } from "./stream-name.ts";

/** A writer's stream. */
type WriterMeta = Extract<StreamMeta, { as: "writer" }>;

/** What is kept with the socket of a writer. */
interface KeptWriter {
  /** The number of the last message that is stored. */
  readonly number: number;
  readonly isOver: boolean;
}

const NOTHING_YET: StreamProgress = { number: 0, position: 0, isOver: false };

/** What writers need of their session. */
export interface WritersHost {
  readonly log: MessageLog;
  readonly clock: Clock;
  /** How long a stream waits for a writer that is gone, in milliseconds. */
  readonly graceMs: number;
  links(): readonly Link[];
  facts(): ClientFacts;
  /** Stores messages, and sends them to those who read them. Answers the position of the last. */
  append(messages: readonly Message[]): number;
}

/** All writers of one session. */
export class StreamWriters {
  readonly #host: WritersHost;
  /** Streams that wait for a writer that is gone. */
  readonly #waiting = new Set<string>();

  constructor(host: WritersHost) {
    this.#host = host;
  }

  /** A writer has come, or come back. */
  connect(link: Link, { stream, isBack }: WriterMeta): void {
    const { log } = this.#host;
    for (const other of this.#of(stream))
      if (other !== link) other.close(CLOSE.replaced, "The writer of this stream has come back.");
    const { number, position, isOver } = isBack ? log.progressOf(stream) : NOTHING_YET;
    link.attach({ kept: { number, isOver } satisfies KeptWriter });
    const facts = this.#host.facts();
    send(link, { t: "ready", head: log.head, n: number, p: position, isOver, facts });
  }

  /** A writer has messages. Those that are stored already are acknowledged again. */
  put(link: Link, stream: string, written: readonly Written[]): void {
    const kept = keptOf(link);
    const news = written.filter(({ n }) => n > kept.number);
    const [first] = news;
    if (kept.isOver) return;
    if (first !== undefined && first.n !== kept.number + 1)
      throw new PerdureError(
        "bad_frame",
        `The next message of this stream is number ${kept.number + 1}, not ${first.n}.`,
      );
    const last = news.at(-1);
    if (last === undefined) return;
    const position = this.#host.append(
      news.map(({ n, d, e }) => ({ s: stream, n, d, ...(e === undefined ? {} : { e }) })),
    );
    link.attach({ kept: { number: last.n, isOver: last.e === 1 } satisfies KeptWriter });
    send(link, { t: "kept", n: last.n, p: position });
  }

  /** A writer is gone. Whoever reads its stream waits a little for it to come back, and then hears that it is lost. */
  disconnect(link: Link, stream: string, isRead: boolean): void {
    if (isRead && !keptOf(link).isOver) this.expect(stream);
  }

  /** Somebody reads the stream of a request: if nobody writes it, and nobody comes to, its request has failed. */
  expect(stream: string): void {
    const isAwaited = this.#waiting.has(stream) || this.#of(stream).length > 0;
    if (isAwaited || requestOf(stream) === undefined) return;
    this.#waiting.add(stream);
    this.#host.clock.after(this.#host.graceMs, () => {
      this.#waiting.delete(stream);
      if (this.#of(stream).length === 0) this.#fail(stream);
    });
  }

  /** The client reads the stream of a request anew: what its writer still sent to the first reader is not wanted any more. */
  moved(stream: string): void {
    for (const link of this.#of(stream)) send(link, { t: "moved" });
  }

  /** Hands the answer to a request of the server's to the writer that asked. Answers whether there is one. */
  answer(stream: string, id: string, data: string): boolean {
    return this.#of(stream).some((link) => send(link, { t: "answer", id, d: data }));
  }

  /** Tells the writers of a request that its client has cancelled it. */
  cancel(request: string | number): void {
    for (const link of this.#all())
      if (requestOf(streamOf(link)) === request) send(link, { t: "cancel" });
  }

  #fail(stream: string): void {
    if (this.#host.log.progressOf(stream).isOver) return;
    const error = {
      code: -32603,
      message:
        "The server was lost while it worked on this request. What it had done until then stands: repeat the request only if that does no harm.",
    };
    const data = messageEvent(JSON.stringify({ jsonrpc: "2.0", id: requestOf(stream), error }));
    this.#host.append([{ s: stream, d: data, e: 1 }]);
  }

  #of(stream: string): readonly Link[] {
    return this.#all().filter((link) => streamOf(link) === stream);
  }

  #all(): readonly Link[] {
    return this.#host.links().filter((link) => streamMetaOf(link.attachment.meta)?.as === "writer");
  }
}

function streamOf(link: Link): string {
  return streamMetaOf(link.attachment.meta)?.stream ?? "";
}

function keptOf(link: Link): KeptWriter {
  return (link.attachment.kept as KeptWriter | undefined) ?? { number: 0, isOver: false };
}

function send(link: Link, frame: WriterFrame): boolean {
  return link.send(JSON.stringify(frame));
}
