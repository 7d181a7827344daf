/** The contenders of the measurements of connections and rooms: Perdure's, and what one writes by hand. */

import type { PairName } from "./pair.ts";
import { withPair } from "./pair.ts";
import type { ObjectClass, Server } from "./server.ts";
import { Socket } from "./socket.ts";

/** Joins of one request. */
const JOINS = 500;

/** One contender with its running server. */
export class ConnectionContender {
  readonly name: PairName;
  readonly server: Server;

  private constructor(name: PairName, server: Server) {
    this.name = name;
    this.server = server;
  }

  /** Starts both, has them measured, and stops them, however that ends. */
  static both<T>(
    folder: string,
    measure: (contenders: readonly ConnectionContender[]) => Promise<T>,
  ): Promise<T> {
    return withPair({ folder, subject: "connections" }, classesOf, ({ perdure, bare }) =>
      measure([new ConnectionContender("perdure", perdure), new ConnectionContender("bare", bare)]),
    );
  }

  /** Members join a room, one after another. */
  async join(room: string, count: number): Promise<void> {
    for (let from = 0; from < count; from += JOINS)
      await this.#request({ room, from, to: Math.min(count, from + JOINS) });
  }

  /** Says something in a room, and waits until it has gone to all. */
  async say(room: string, text: string): Promise<void> {
    await this.#request({ room, text, from: 0, to: 0 });
  }

  /** Opens a socket of a user. */
  open(user: string, onFrame: () => void): Promise<Socket> {
    return Socket.open(`ws://${this.server.address}/?user=${user}`, onFrame);
  }

  async #request(query: Readonly<Record<string, string | number>>): Promise<void> {
    const search = new URLSearchParams(
      Object.entries(query).map(([name, value]) => [name, String(value)]),
    );
    const response = await fetch(`http://${this.server.address}/?${search}`);
    if (!response.ok)
      throw new Error(`${this.name} answered ${response.status}: ${await response.text()}`);
    await response.arrayBuffer();
  }
}

function classesOf(name: PairName): readonly ObjectClass[] {
  return [
    { binding: "USER", className: "User" },
    { binding: "CROWD", className: "Crowd" },
    {
      binding: "STAND_IN",
      className: name === "perdure" ? "PerdureStandIn" : "BareStandIn",
      isWithoutStorage: true,
    },
  ];
}

/** Sends events that each have one answer, and waits for all answers. */
export async function countUp(
  contender: ConnectionContender,
  user: string,
  events: number,
  inFlight: number,
): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let sent = 0;
  let answered = 0;
  const next = () => {
    sent += 1;
    socket.send({ t: "event", event: "add" });
  };
  const socket = await contender.open(user, () => {
    answered += 1;
    if (sent < events) next();
    if (answered === events) resolve();
  });
  while (sent < Math.min(events, inFlight)) next();
  await promise;
  await socket.close();
}
