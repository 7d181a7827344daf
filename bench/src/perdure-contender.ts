/** How the load side speaks Perdure's protocol, as its clients and its runner do. */

import type {
  ClientFrame,
  RunnerEvent,
  RunnerFrame,
  RunnerServerFrame,
  ServerFrame,
} from "perdure/protocol";
import { PROTOCOL_VERSION } from "perdure/protocol";
import type { Contender, Producer, Session, Wire } from "./contender.ts";
import { Progress } from "./socket.ts";

/** One entry is the smallest command that there is: a change of one key of the session's metadata. */
export const PERDURE_WIRE: Wire = {
  append: (id, body) =>
    text({ t: "command", id, command: { op: "set-meta", patch: { entry: body } } }),
  acknowledged: (frame) => {
    const server = frame as ServerFrame;
    if (server.t === "error") throw new Error(server.error.detail);
    if (server.t !== "reply") return undefined;
    if (!server.reply.ok) throw new Error(server.reply.error.detail);
    return server.id;
  },
  hello: (after) => text({ t: "hello", v: PROTOCOL_VERSION, after }),
  isLive: (frame) => (frame as ServerFrame).t === "live",
  produce,
  fillTokens: async (contender, session, { turns, tokens, text: token }) => {
    for (let turn = 0; turn < turns; turn += 1) {
      const producer = await produce(contender, session);
      for (let n = 0; n < tokens; n += 1) producer.token(token);
      await producer.settled();
      await producer.close();
    }
    return contender.head(session);
  },
};

/** A runner that has begun a turn, in which it streams one message. */
async function produce(
  contender: Contender,
  session: Session,
  beforeStream?: () => Promise<void>,
): Promise<Producer> {
  const run = crypto.randomUUID();
  const turn = `turn-${run}`;
  let epoch = 0;
  let sent = 0;
  let durable = 0;
  let prompt: number | undefined;
  const progress = new Progress();
  const socket = await contender.connect(session, "producer", (frame) => {
    const server = frame as RunnerServerFrame;
    if (server.t === "error") throw new Error(server.error.detail);
    if (server.t === "welcome") epoch = server.epoch;
    if (server.t === "ack") durable = server.r;
    if (server.t === "command") prompt = server.command.command;
    progress.changed();
  });
  const send = (...events: RunnerEvent[]) => {
    const frame: RunnerFrame = { t: "events", epoch, r: sent + 1, e: events };
    sent += events.length;
    socket.send(JSON.stringify(frame));
  };
  const delta = (token: string) => send({ type: "text-delta", id: "t", delta: token });

  const hello: RunnerFrame = {
    t: "hello",
    v: PROTOCOL_VERSION,
    process: `process-${run}`,
    spool: `spool-${run}`,
    first: 1,
  };
  socket.send(JSON.stringify(hello));
  await progress.until("the claim", () => epoch > 0);
  send({
    type: "runner.started",
    epoch,
    agent: { name: "bench" },
    restored: "new",
    at: Date.now(),
  });
  await progress.until("the start", () => durable === sent);
  await beforeStream?.();
  const person = await contender.connect(session, "commander");
  person.send(
    text({
      t: "command",
      id: turn,
      command: { op: "prompt", parts: [{ type: "text", text: "Tell me a story" }] },
    }),
  );
  await progress.until("the prompt", () => prompt !== undefined);
  await person.close();
  send(
    { type: "command.begun", command: prompt ?? 0, at: Date.now() },
    { type: "start", messageId: `message-${run}` },
    { type: "text-start", id: "t" },
  );
  await progress.until("the turn", () => durable >= 2);
  delta("");
  return {
    entry: (body) => send({ type: "data-entry", data: body }),
    token: delta,
    storedToken: (token, isLast) => {
      delta(token);
      if (isLast) end();
    },
    settled: async () => {
      end();
      await progress.until("acknowledgements", () => durable >= sent);
    },
    close: () => socket.close(),
  };

  /** The turn's end makes all that came before it durable. */
  function end(): void {
    if (prompt === undefined) return;
    prompt = undefined;
    send(
      { type: "text-end", id: "t" },
      { type: "finish" },
      { type: "turn.ended", turn, outcome: "completed", at: Date.now() },
    );
  }
}

function text(frame: ClientFrame): string {
  return JSON.stringify(frame);
}
