/** Entries that are sent by clients and acknowledged one by one. */

import type { Contender, Session } from "./contender.ts";
import { closeAll } from "./contender.ts";
import type { Socket } from "./socket.ts";

/** What an entry says: about the size of a short event. */
export const BODY = "0123456789".repeat(10);

/** Perdure lets a socket send 200 frames at once: as many sockets share the work as that takes, for every contender. */
const FRAMES_PER_SOCKET = 150;

/** Entries that are sent before the clock starts. */
const WARM_UP = 50;

/** Entries a second, each acknowledged as durable, with so many under way at once. */
export async function entriesPerSecond(
  contender: Contender,
  session: Session,
  { count, inFlight }: { readonly count: number; readonly inFlight: number },
): Promise<number> {
  const { promise: done, resolve, reject } = Promise.withResolvers<number>();
  const run = crypto.randomUUID();
  const total = WARM_UP + count;
  const sockets: Socket[] = [];
  let sent = 0;
  let acknowledged = 0;
  let start = 0;

  const send = () => {
    if (sent >= total) return;
    sent += 1;
    sockets[sent % sockets.length]?.send(contender.wire.append(`${run}-${sent}`, BODY));
  };
  const receive = (frame: unknown) => {
    try {
      if (contender.wire.acknowledged(frame) === undefined) return;
    } catch (error) {
      return reject(error);
    }
    acknowledged += 1;
    if (acknowledged === WARM_UP) start = performance.now();
    if (acknowledged === total) resolve((count / (performance.now() - start)) * 1000);
    send();
  };

  for (let n = 0; n < Math.ceil(total / FRAMES_PER_SOCKET); n += 1)
    sockets.push(await contender.connect(session, "commander", receive));
  for (let n = 0; n < inFlight; n += 1) send();
  const rate = await done;
  await closeAll(sockets);
  return rate;
}
