import { Reader } from "../../src/client/reader.ts";
import type { PlacedMessage, SessionEvent, SessionState } from "../../src/protocol/index.ts";
import { parseServerFrame, widthOf } from "../../src/protocol/index.ts";
import type { FakeLink } from "./fake-link.ts";
import type { SessionWorld } from "./session-world.ts";

/** The client's own reader on a socket of the world. */
export class LiveReader {
  readonly #world: SessionWorld;
  readonly reader: Reader;
  #link: FakeLink | undefined;
  /** Events that became durable, in the order in which the reader gave them out. */
  readonly durable: { readonly position: number; readonly event: SessionEvent }[] = [];
  /** Positions that arrived, however often. */
  positions = 0;
  /** Snapshots that replaced what it had. */
  resets = 0;
  /** Times that it had to ask again on the same connection. */
  resyncs = 0;

  constructor(world: SessionWorld, after: number | null = null) {
    this.#world = world;
    this.reader = new Reader(after);
  }

  static async connected(world: SessionWorld, after: number | null = null): Promise<LiveReader> {
    const reader = new LiveReader(world, after);
    await reader.connect();
    return reader;
  }

  get link(): FakeLink {
    if (this.#link === undefined) throw new Error("this reader never connected");
    return this.#link;
  }

  async connect(): Promise<void> {
    this.#link = this.#world.connect("reader");
    await this.#world.send(this.link, this.reader.onConnect());
    await this.pump();
  }

  /** Takes what has arrived, and asks again where the reader wants to. */
  async pump(): Promise<void> {
    for (let text = this.link.texts.shift(); text !== undefined; text = this.link.texts.shift())
      await this.#take(text);
  }

  /** Tells the object how far it is. */
  async acknowledge(): Promise<void> {
    await this.#world.send(this.link, { t: "ack", d: this.reader.cursor });
    await this.pump();
  }

  get session(): SessionState {
    const { session } = this.reader.view;
    if (session === undefined) throw new Error("this reader has seen nothing");
    return session;
  }

  get messages(): readonly PlacedMessage[] {
    return this.session.messages;
  }

  /** The text that is being written, as it is on the screen. */
  get openText(): string {
    const part = this.session.open?.message.parts.at(-1);
    return part?.type === "text" && "text" in part ? part.text : "";
  }

  async #take(text: string): Promise<void> {
    const frame = parseServerFrame(text);
    if (typeof frame === "string") this.positions += 1;
    else if (frame?.t === "events")
      this.positions += frame.e.reduce((sum, event) => sum + widthOf(event), 0);
    for (const effect of this.reader.onFrame(text)) {
      if (effect.kind === "event")
        this.durable.push({ position: effect.position, event: effect.event });
      if (effect.kind === "reset") this.resets += 1;
      if (effect.kind !== "hello") continue;
      this.resyncs += 1;
      await this.#world.send(this.link, effect.frame);
    }
  }
}
