/** How the load side speaks the wire of the contenders that were written for this benchmark. */

import type { Contender, Producer, Session, Wire } from "./contender.ts";
import type { PlainRequest, PlainResponse } from "./plain-wire.ts";
import { Progress } from "./socket.ts";

export const PLAIN_WIRE: Wire = {
  append: (id, body) => text({ t: "append", id, body }),
  acknowledged: (frame) => {
    const response = frame as PlainResponse;
    return response.t === "ack" ? response.id : undefined;
  },
  hello: (after) => text({ t: "hello", after }),
  isLive: (frame) => (frame as PlainResponse).t === "live",
  produce,
  fillTokens: (contender, session, { turns, tokens, text: body }) =>
    contender.fill(session, turns * tokens, body, "fill-tokens"),
};

async function produce(
  contender: Contender,
  session: Session,
  beforeStream?: () => Promise<void>,
): Promise<Producer> {
  let sent = 0;
  let acknowledged = 0;
  const progress = new Progress();
  const socket = await contender.connect(session, "producer", (frame) => {
    if ((frame as PlainResponse).t !== "ack") return;
    acknowledged += 1;
    progress.changed();
  });
  await beforeStream?.();
  return {
    entry: (body) => {
      sent += 1;
      socket.send(text({ t: "append", id: String(sent), body }));
    },
    token: (token) => socket.send(JSON.stringify(token)),
    storedToken: (token, isLast) =>
      socket.send(text({ t: "token", text: token, ...(isLast ? { end: true } : {}) })),
    settled: () => progress.until("acknowledgements", () => acknowledged === sent),
    close: () => socket.close(),
  };
}

function text(request: PlainRequest): string {
  return JSON.stringify(request);
}
