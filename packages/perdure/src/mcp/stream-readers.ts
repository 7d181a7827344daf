/** Those who read the streams of one session: each gets what it missed, then what comes, at its own pace. */

import type { Link } from "../object/index.ts";
import { CLOSE, MAX_PAGE_BYTES } from "../protocol/index.ts";
import type { ClientFacts } from "./kept-session.ts";
import type { Message, MessageLog } from "./message-log.ts";
import type { ReaderFrame, StreamMeta } from "./rpc.ts";
import { streamMetaOf } from "./rpc.ts";

/** UTF-16 units that may be under way to a reader before it says that it has some. */
const WINDOW_LENGTH = 4 * MAX_PAGE_BYTES;

/** A reader's stream. */
type ReaderMeta = Extract<StreamMeta, { as: "reader" }>;

/** What is kept with the socket of a reader. */
interface KeptReader {
  /** Position up to which it was sent everything. */
  readonly sent: number;
  /** Position up to which it has handed everything on. */
  readonly got: number;
}

/** What of a reader is in memory only. */
interface Flow {
  /** Positions and lengths of what is under way. */
  readonly underWay: { readonly position: number; readonly length: number }[];
  length: number;
  /** Whether it has all that there is: what comes next is sent from memory. */
  isLive: boolean;
}

/** All readers of one session. */
export class StreamReaders {
  readonly #log: MessageLog;
  readonly #links: () => readonly Link[];
  readonly #facts: () => ClientFacts;
  readonly #flows = new WeakMap<Link, Flow>();

  /** @param facts What the session's client said of itself. */
  constructor(log: MessageLog, links: () => readonly Link[], facts: () => ClientFacts) {
    this.#log = log;
    this.#links = links;
    this.#facts = facts;
  }

  /**
   * A reader has come. Whoever reads the same stream is put out: its client has come back, or a newer one has.
   *
   * @param handed How far the stream was handed to a reader, where this one does not say what it has.
   * @param endedAt Where the stream has ended.
   */
  connect(link: Link, { stream, after }: ReaderMeta, handed: number, endedAt = Infinity): void {
    for (const other of this.#of(stream))
      if (other !== link) other.close(CLOSE.replaced, "A newer stream has taken over.");
    const from = Math.min(after ?? handed, this.#log.head);
    link.attach({ kept: { sent: from, got: from } satisfies KeptReader });
    const isOver = from >= endedAt;
    send(link, { t: "from", p: from, facts: this.#facts(), isOver });
    if (isOver) send(link, { t: "over" });
    else this.#fill(link, stream);
  }

  /** A reader has handed messages on. */
  got(link: Link, position: number): void {
    const flow = this.#flowOf(link);
    const { sent } = keptOf(link);
    while (flow.underWay[0] !== undefined && flow.underWay[0].position <= position)
      flow.length -= flow.underWay.shift()?.length ?? 0;
    link.attach({ kept: { sent, got: Math.min(position, sent) } satisfies KeptReader });
    const meta = streamMetaOf(link.attachment.meta);
    if (!flow.isLive && meta !== undefined) this.#fill(link, meta.stream);
  }

  /** Whether somebody reads a stream and has all of it. */
  isLive(stream: string): boolean {
    return this.#of(stream).some((link) => {
      if (!this.#flowOf(link).isLive) this.#fill(link, stream);
      return this.#flowOf(link).isLive;
    });
  }

  /** Whether somebody reads a stream. */
  isRead(stream: string): boolean {
    return this.#of(stream).length > 0;
  }

  /** How far a reader that is gone had handed messages on. */
  gotBy(link: Link): number {
    return keptOf(link).got;
  }

  /** Messages were appended, the first of them at this position. */
  appended(first: number, messages: readonly Message[]): void {
    const streams = new Set(messages.map(({ s }) => s));
    for (const stream of streams)
      for (const link of this.#of(stream)) {
        const placed = messages.flatMap((message, index) =>
          message.s === stream ? [{ position: first + index, message }] : [],
        );
        if (!this.#flowOf(link).isLive) this.#fill(link, stream);
        else this.#sendLive(link, placed);
      }
  }

  /** Sends what a reader has not, until enough is under way or there is no more. */
  #fill(link: Link, stream: string): void {
    const flow = this.#flowOf(link);
    flow.isLive = false;
    while (flow.length < WINDOW_LENGTH) {
      const { sent, got } = keptOf(link);
      if (sent < this.#log.floor) send(link, { t: "gap", after: sent, to: this.#log.floor });
      const page = this.#log.read(stream, sent, MAX_PAGE_BYTES);
      link.attach({ kept: { sent: page.next, got } satisfies KeptReader });
      if (page.messages.length > 0) this.#send(link, page.messages);
      if (page.isOver) send(link, { t: "over" });
      if (page.isOver || page.next >= this.#log.head) {
        flow.isLive = true;
        return;
      }
    }
  }

  #sendLive(
    link: Link,
    placed: readonly { readonly position: number; readonly message: Message }[],
  ): void {
    const last = placed.at(-1);
    if (last === undefined) return;
    this.#send(
      link,
      placed.map(({ position, message }) => [position, message.d] as const),
    );
    link.attach({ kept: { sent: last.position, got: keptOf(link).got } satisfies KeptReader });
    if (last.message.e === 1) send(link, { t: "over" });
    const flow = this.#flowOf(link);
    flow.isLive = flow.length < WINDOW_LENGTH;
  }

  #send(link: Link, messages: readonly (readonly [number, string])[]): void {
    const flow = this.#flowOf(link);
    for (const [position, data] of messages) {
      flow.underWay.push({ position, length: data.length });
      flow.length += data.length;
    }
    send(link, { t: "messages", m: messages });
  }

  #of(stream: string): readonly Link[] {
    return this.#links().filter((link) => {
      const meta = streamMetaOf(link.attachment.meta);
      return meta?.as === "reader" && meta.stream === stream;
    });
  }

  /** After a loss of memory nothing is known of what is under way; the socket has kept how far it was sent. */
  #flowOf(link: Link): Flow {
    const known = this.#flows.get(link);
    if (known !== undefined) return known;
    const made: Flow = { underWay: [], length: 0, isLive: false };
    this.#flows.set(link, made);
    return made;
  }
}

function keptOf(link: Link): KeptReader {
  return (link.attachment.kept as KeptReader | undefined) ?? { sent: 0, got: 0 };
}

function send(link: Link, frame: ReaderFrame): void {
  link.send(JSON.stringify(frame));
}
