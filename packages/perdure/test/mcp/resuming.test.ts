import { expect, test } from "vitest";
import type { ReaderFrame, WriterFrame } from "../../src/mcp/rpc.ts";
import { newStream, STANDALONE } from "../../src/mcp/stream-name.ts";
import type { FakeLink } from "../support/fake-link.ts";
import { randomFrom } from "../support/random.ts";
import { framesOf, SessionWorld } from "./session-world.ts";

/** A client of one stream: what it has, and the id after which it resumes. */
class Reading {
  readonly stream: string;
  readonly has: string[] = [];
  #after: number | null = 0;
  #link: FakeLink | undefined;

  constructor(stream: string) {
    this.stream = stream;
  }

  connect(world: SessionWorld): void {
    if (this.#link !== undefined && this.#link.closed === undefined) return;
    const { stream } = this;
    this.#link = world.open({ as: "reader", stream, after: this.#after, begins: false });
  }

  drop(world: SessionWorld): void {
    if (this.#link !== undefined) world.drop(this.#link);
    this.#link = undefined;
  }

  /** Takes some of what has arrived, and says so now and then. */
  take(world: SessionWorld, count: number, says: boolean): void {
    const link = this.#link;
    if (link === undefined || link.closed !== undefined) return;
    for (const frame of framesOf<ReaderFrame>(link, count)) {
      if (frame.t === "gap") throw new Error("Nothing was forgotten.");
      if (frame.t !== "messages") continue;
      for (const [position, data] of frame.m) {
        this.has.push(data);
        this.#after = position;
      }
    }
    if (says && this.#after !== null) world.session.receive(link, { t: "got", p: this.#after });
  }

  get isWaiting(): boolean {
    return this.#link?.texts.length === 0;
  }
}

/** A Worker that writes a stream, and keeps what is not acknowledged. */
class Writing {
  readonly stream: string;
  readonly said: string[] = [];
  #link: FakeLink | undefined;
  #kept = 0;
  #wasOpen = false;

  constructor(stream: string) {
    this.stream = stream;
  }

  say(text: string): void {
    this.said.push(text);
  }

  connect(world: SessionWorld): void {
    if (this.#link !== undefined && this.#link.closed === undefined) return;
    this.#link = world.open({ as: "writer", stream: this.stream, isBack: this.#wasOpen });
    this.#wasOpen = true;
  }

  /** Sends what is not acknowledged, as far as it knows: before it hears, again. */
  send(world: SessionWorld): void {
    const link = this.#link;
    if (link === undefined || link.closed !== undefined) return;
    const written = this.said
      .slice(this.#kept)
      .map((d, index) => ({ n: this.#kept + index + 1, d }));
    if (written.length > 0) world.put(link, written);
  }

  hear(): void {
    if (this.#link === undefined) return;
    for (const frame of framesOf<WriterFrame>(this.#link))
      if (frame.t === "kept" || frame.t === "ready") this.#kept = Math.max(this.#kept, frame.n);
  }
}

test.each(Array.from({ length: 25 }, (_, seed) => seed))(
  "F9 F14 every client has everything once, in order, whatever is lost on the way (seed %i)",
  async (seed) => {
    const random = randomFrom(seed);
    const world = await SessionWorld.begin();
    const writers = [1, 2].map((request) => new Writing(newStream(request)));
    const readers = [STANDALONE, ...writers.map(({ stream }) => stream)].map(
      (stream) => new Reading(stream),
    );
    const pushed: string[] = [];
    let broadcasts = 0;
    const pick = <T>(from: readonly T[]): T => {
      const one = from[Math.floor(random() * from.length)];
      if (one === undefined) throw new Error("Nothing to pick from.");
      return one;
    };
    const filler = () => (random() < 0.03 ? "x".repeat(150_000) : "");
    const actions = [
      () => {
        const text = `push ${pushed.length}${filler()}`;
        pushed.push(text);
        world.session.put(STANDALONE, text, text, false);
        if (random() < 0.3) world.session.put(STANDALONE, text, text, true);
      },
      () => {
        broadcasts += 1;
        const text = `broadcast ${broadcasts}`;
        pushed.push(text);
        world.session.deliver(broadcasts, text);
        if (random() < 0.3) world.session.deliver(broadcasts, text);
      },
      () => {
        const writer = pick(writers);
        writer.say(`${writer.stream} ${writer.said.length}${filler()}`);
      },
      () => pick(writers).connect(world),
      () => pick(writers).send(world),
      () => pick(writers).send(world),
      () => pick(writers).hear(),
      () => pick(readers).connect(world),
      () => pick(readers).connect(world),
      () => pick(readers).take(world, 1 + Math.floor(random() * 3), random() < 0.7),
      () => pick(readers).take(world, 5, true),
      () => pick(readers).drop(world),
      () => {
        if (random() < 0.3) world.evict();
      },
      () => {
        if (random() < 0.15) world.crash();
      },
    ];
    for (let step = 0; step < 400; step += 1) pick(actions)();
    for (const writer of writers) {
      writer.connect(world);
      writer.hear();
      writer.send(world);
      writer.hear();
    }
    for (const reader of readers) {
      reader.connect(world);
      while (!reader.isWaiting) reader.take(world, 3, true);
    }
    expect(readers.map(({ has }) => has)).toEqual([pushed, ...writers.map(({ said }) => said)]);
  },
);
