/** A process that holds many sockets for a test and does what its parent says, one order at a time. */

import type { Order } from "./crowd.ts";
import { Seat } from "./crowd-seat.ts";
import { until } from "./until.ts";

/** Handshakes at the same time: as many as a client machine's network would have under way. */
const CONNECTING_AT_ONCE = 64;

/** A seat that is refused tries again so often, and waits between. */
const MAX_ATTEMPTS = 100;
const RETRY_MS = 200;

/** Far above what a crowd waits for. */
const LONGEST_WAIT_MS = 120_000;

let seats: readonly Seat[] = [];

async function obey(order: Order): Promise<unknown> {
  switch (order.do) {
    case "sit":
      seats = order.sessions.map((session) => new Seat(order.url, order.token, session));
      return null;
    case "connect":
      return connectAll();
    case "wait":
      return until(
        "everybody has everything",
        () => seats.every(({ session, cursor }) => cursor >= (order.heads[session] ?? 0)),
        LONGEST_WAIT_MS,
      );
    case "cut":
      for (const seat of seats) seat.cut();
      return null;
    case "report":
      return seats.map(({ report }) => report);
  }
}

async function connectAll(): Promise<number> {
  const waiting = [...seats];
  const worker = async () => {
    for (let seat = waiting.shift(); seat !== undefined; seat = waiting.shift())
      await connectOne(seat);
  };
  await Promise.all(Array.from({ length: CONNECTING_AT_ONCE }, worker));
  return seats.length;
}

async function connectOne(seat: Seat): Promise<void> {
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
    if (await seat.connect()) return;
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
  throw new Error(`A reader of ${seat.session} was refused ${MAX_ATTEMPTS} times.`);
}

process.on("message", (order: Order) => {
  obey(order).then(
    (answer) => process.send?.({ answer }),
    (error: unknown) => process.send?.({ error: String(error) }),
  );
});
// The parent is gone.
process.on("disconnect", () => process.exit());
