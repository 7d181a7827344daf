import type { Contender } from "../contender.ts";
import { closeAll } from "../contender.ts";
import type { Measurement } from "../harness.ts";
import { sleep } from "../harness.ts";
import type { Socket } from "../socket.ts";

const READERS_PER_SESSION = 10;

/** workerd hibernates an object between 9 and 12 s after its last event. */
const HIBERNATION_MS = 13_000;

/** A server that has just started is still settling. */
const SETTLE_MS = 1_000;

export const memory: Measurement = {
  name: "memory",
  method:
    "Resident memory of a server that was just started and has served one socket, and again with 1,000 idle readers more, ten a session, 13 s after the last of them came and thus hibernated: the difference, a socket. It includes the share of its session.",
  remarks: { node: "does not hibernate; each session keeps its database open" },
  async run(bench) {
    const contenders = bench.contenders("perdure", "bare", "agents", "partyserver", "node");
    const count = bench.isQuick ? 400 : 1_000;
    const values: Partial<Record<Contender["name"], number[]>> = {};
    for (let round = 0; round < (bench.isQuick ? 1 : bench.rounds); round += 1) {
      const crowds = [];
      for (const contender of contenders) crowds.push(await Crowd.gather(contender, count));
      await sleep(HIBERNATION_MS);
      for (const crowd of crowds) {
        const { name } = crowd.contender;
        values[name] = [...(values[name] ?? []), crowd.bytesPerSocket];
        await crowd.close();
      }
    }
    return [
      {
        title: "memory per idle socket",
        unit: "bytes",
        better: "less",
        values,
      },
    ];
  },
};

/** Many idle readers of one server. */
class Crowd {
  readonly contender: Contender;
  readonly #before: number;
  readonly #sockets: readonly Socket[];

  private constructor(contender: Contender, before: number, sockets: readonly Socket[]) {
    this.contender = contender;
    this.#before = before;
    this.#sockets = sockets;
  }

  static async gather(contender: Contender, count: number): Promise<Crowd> {
    await contender.server.stop();
    await contender.server.start();
    await closeAll(await contender.readers(await contender.open(), 1));
    await sleep(SETTLE_MS);
    const before = contender.server.residentBytes;
    const sockets: Socket[] = [];
    while (sockets.length < count)
      sockets.push(...(await contender.readers(await contender.open(), READERS_PER_SESSION)));
    return new Crowd(contender, before, sockets);
  }

  get bytesPerSocket(): number {
    return (this.contender.server.residentBytes - this.#before) / this.#sockets.length;
  }

  close(): Promise<void> {
    return closeAll(this.#sockets);
  }
}
