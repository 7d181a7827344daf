import type { Contender, Producer } from "../contender.ts";
import { closeAll } from "../contender.ts";
import type { Figure, Measurement } from "../harness.ts";
import { atLeast, rounds } from "../harness.ts";
import type { Socket } from "../socket.ts";

const TOKEN = "a token of twenty-four.. ";

/** What one round sends to all sockets together. */
const DELIVERIES = 20_000;

export const fanOut: Measurement = {
  name: "fan-out",
  method:
    "A producer sends tokens of 25 characters, each in a frame of its own, without waiting; timed until the last of 100 or 1,000 sockets has the last one. Perdure: a runner's text deltas to live readers, stored as well. The bare object and the peers forward the same frame in a loop over their readers and store nothing. Perdure takes frames that arrive together as one batch, so that what it sends of them leaves together.",
  async run(bench) {
    const contenders = bench.contenders("perdure", "bare", "agents", "partyserver", "node");
    const figures: Figure[] = [];
    for (const count of [100, 1_000]) {
      const rooms = new Map<Contender, Room>();
      for (const contender of contenders) rooms.set(contender, await Room.open(contender, count));
      const { rate } = await rounds(contenders, bench.rounds, async (contender) => ({
        rate: (await rooms.get(contender)?.deliveriesPerSecond()) ?? Number.NaN,
      }));
      for (const room of rooms.values()) await room.close();
      figures.push({
        title: `fan-out to ${count.toLocaleString("en")} sockets`,
        unit: "deliveries/s",
        better: "more",
        values: rate,
        ...(count === 1_000 ? { budgets: [atLeast(0.9, "bare", rate)] } : {}),
      });
    }
    return figures;
  },
};

/** A session with many readers and one producer. */
class Room {
  readonly #producer: Producer;
  readonly #readers: readonly Socket[];

  private constructor(producer: Producer, readers: readonly Socket[]) {
    this.#producer = producer;
    this.#readers = readers;
  }

  /** The readers come first: so each has the beginning of the run whose tokens are counted. */
  static async open(contender: Contender, count: number): Promise<Room> {
    const session = await contender.open();
    const readers = await contender.readers(session, count);
    return new Room(await contender.produce(session), readers);
  }

  async deliveriesPerSecond(): Promise<number> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const tokens = DELIVERIES / this.#readers.length;
    let waiting = this.#readers.length;
    for (const reader of this.#readers) {
      const last = reader.tokens + tokens;
      reader.onToken = () => {
        if (reader.tokens !== last) return;
        waiting -= 1;
        if (waiting === 0) resolve();
      };
    }
    const start = performance.now();
    for (let n = 0; n < tokens; n += 1) this.#producer.token(TOKEN);
    await promise;
    return (DELIVERIES / (performance.now() - start)) * 1000;
  }

  async close(): Promise<void> {
    await closeAll(this.#readers);
    await this.#producer.close();
  }
}
