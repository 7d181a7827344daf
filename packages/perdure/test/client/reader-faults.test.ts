import { expect, test } from "vitest";
import type { ReaderEffect } from "../../src/client/index.ts";
import { Reader } from "../../src/client/index.ts";
import type {
  ClientFrame,
  ServerFrame,
  SessionEvent,
  SessionState,
} from "../../src/protocol/index.ts";
import {
  EMPTY_STATE,
  continues,
  deltaOf,
  isSettled,
  mergeRuns,
  reduce,
} from "../../src/protocol/index.ts";
import { created, delta, meta, queued, snapshotAt, textStart } from "./frames.ts";
import { randomFrom } from "../support/random.ts";

/** Two turns, each with a text of many deltas. */
const script: readonly SessionEvent[] = [...turnOf("first", 2), ...turnOf("second", 3)];

function turnOf(turn: string, command: number): readonly SessionEvent[] {
  return [
    { type: "command.begun", command, at: 4 },
    { type: "start", messageId: `answer-${turn}` },
    textStart,
    ...Array.from({ length: 25 }, (_, number) => delta(`${turn}${number} `)),
    { type: "text-end", id: "t" },
    { type: "finish" },
    { type: "turn.ended", turn, outcome: "completed", at: 5 },
  ];
}

const stateAt = (log: readonly SessionEvent[], position: number): SessionState =>
  log
    .slice(0, position)
    .reduce((state, event, index) => reduce(state, event, index + 1), EMPTY_STATE);

/** An object with a log, a tail that only its memory has, a producer, and one reader behind a slow link. */
class World {
  readonly random: () => number;
  readonly reader: Reader;
  readonly effects: ReaderEffect[] = [];
  readonly log: SessionEvent[] = [created, queued("first"), queued("second")];
  tail: SessionEvent[] = [];
  producer = [...script];
  #incarnation = 1;
  #inFlight: (ServerFrame | string)[] = [];
  /** The delta after which a bare string may be sent. */
  #run: SessionEvent | undefined;
  #metas = 0;

  constructor(seed: number, after: number | null) {
    this.random = randomFrom(seed);
    this.reader = new Reader(after);
    this.connect();
  }

  below(bound: number): number {
    return Math.floor(this.random() * bound);
  }

  /** A new connection: what was under way on the old one is lost. */
  connect(): void {
    this.#inFlight = [];
    this.#hello(this.reader.onConnect());
  }

  produce(): void {
    const event = this.producer.shift();
    if (event === undefined) return;
    this.tail.push(event);
    const text = deltaOf(event)?.text;
    if (text !== undefined && this.#run !== undefined && continues(this.#run, event)) {
      this.#inFlight.push(text);
    } else this.#sendEvents(this.#head() + this.tail.length, [event]);
  }

  flush(): void {
    if (this.tail.length === 0) return;
    this.log.push(...this.tail);
    this.tail = [];
    this.#inFlight.push({ t: "head", i: this.#i(), d: this.#head() });
  }

  /** The object writes an event of its own, which commits the tail too. */
  insert(): void {
    this.#metas += 1;
    this.log.push(...this.tail, meta(`m${this.#metas}`, this.#metas));
    this.tail = [];
    this.#sendEvents(this.#head(), this.log.slice(-1));
  }

  /** The object's memory goes, and the producer holds what the tail had; sockets stay. */
  forget(): void {
    this.#incarnation += 1;
    this.producer = [...this.tail, ...this.producer];
    this.tail = [];
    this.#run = undefined;
  }

  /** Something that was sent before is sent again. */
  repeat(): void {
    const all = [...this.log, ...this.tail];
    const first = this.below(all.length);
    this.#sendEvents(first + 1, all.slice(first, first + 1 + this.below(30)));
  }

  deliver(count: number): void {
    for (let rest = count; rest > 0 && this.#inFlight.length > 0; rest -= 1) {
      const effects = this.reader.onFrame(JSON.stringify(this.#inFlight.shift()));
      this.effects.push(...effects);
      for (const effect of effects) if (effect.kind === "hello") this.#hello(effect.frame);
    }
  }

  #hello(frame: ClientFrame): void {
    const after = frame.t === "hello" ? frame.after : null;
    this.#inFlight.push({
      t: "welcome",
      v: 1,
      i: this.#i(),
      session: "s",
      subject: "ann",
      role: "viewer",
      d: this.#head(),
      floor: 0,
      now: 0,
    });
    let position = after ?? this.#snapshot();
    const all = [...this.log, ...this.tail];
    while (position < all.length) {
      const page = all.slice(position, position + 1 + this.below(20));
      this.#sendEvents(position + 1, page);
      position += page.length;
    }
    this.#inFlight.push({ t: "live", i: this.#i(), d: this.#head(), runner: null });
  }

  /** As of the last position at which nothing is open but turns that wait. */
  #snapshot(): number {
    let position = this.#head();
    while (position > 0 && !isSettled(stateAt(this.log, position))) position -= 1;
    const { lifecycle, createdBy, createdAt, meta, messages, turns } = stateAt(this.log, position);
    const facts = { lifecycle, createdBy, createdAt, meta, messages, turns };
    const snapshot = { ...snapshotAt(position), ...facts };
    this.#inFlight.push({ t: "snapshot", i: this.#i(), why: "fresh", snapshot });
    return position;
  }

  #sendEvents(p: number, list: readonly SessionEvent[]): void {
    const last = list.at(-1);
    const isNewest = p + list.length > this.#head() + this.tail.length;
    this.#run = isNewest && last !== undefined && deltaOf(last) !== undefined ? last : undefined;
    this.#inFlight.push({ t: "events", i: this.#i(), p, d: this.#head(), e: mergeRuns(list) });
  }

  #head = () => this.log.length;
  #i = () => `incarnation-${this.#incarnation}`;
}

/** Random faults, then calm: everything is produced, committed and delivered. */
function play(seed: number, after: number | null): World {
  const world = new World(seed, after);
  for (let step = 0; step < 250; step += 1) {
    const roll = world.random();
    if (roll < 0.5) world.produce();
    else if (roll < 0.75) world.deliver(1 + world.below(6));
    else if (roll < 0.85) world.flush();
    else if (roll < 0.89) world.insert();
    else if (roll < 0.92) world.repeat();
    else if (roll < 0.96) world.connect();
    else world.forget();
    expect(world.reader.cursor).toBeLessThanOrEqual(world.log.length);
  }
  while (world.producer.length > 0) world.produce();
  world.insert();
  world.deliver(Number.POSITIVE_INFINITY);
  return world;
}

const seeds = Array.from({ length: 200 }, (_, index) => index + 1);

test("whatever is cut, forgotten or repeated, a reader gets every durable event once, in order", () => {
  for (const seed of seeds) {
    const { reader, effects, log } = play(seed, 0);
    const told = effects.filter((effect) => effect.kind === "event");
    const expected = log.map((event, index) => ({ kind: "event", event, position: index + 1 }));
    expect(told, `seed ${seed}`).toEqual(expected);
    expect(reader.view, `seed ${seed}`).toMatchObject({ isLive: true, cursor: log.length });
    expect(reader.view.session, `seed ${seed}`).toEqual(stateAt(log, log.length));
  }
});

test("a reader that began with a snapshot ends with the same messages", () => {
  for (const seed of seeds) {
    const { reader, log } = play(seed, null);
    const { messages, meta, open, turns } = stateAt(log, log.length);
    expect(reader.view.session, `seed ${seed}`).toMatchObject({ messages, meta, turns });
    expect(reader.view.session?.open).toEqual(open);
    expect(reader.view.cursor).toBe(log.length);
  }
});
