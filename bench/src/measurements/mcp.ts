import type { Figure, Measurement } from "../harness.ts";
import { rounds, sleep, timed } from "../harness.ts";
import type { EventStream } from "../mcp.ts";
import { McpContender } from "../mcp.ts";

/** Sessions that a broadcast goes to. */
const SESSIONS = 1_000;

/** Events that a client missed. */
const MISSED = 1_000;

/** Sessions that are created at once. */
const AT_ONCE = 32;

/** Long enough for a Worker to notice that a client is gone, or for what is lost to be late. */
const PAUSE_MS = 1_000;

/** How often a round broadcasts, and resumes. */
const REPEATS = 5;

type All = Readonly<Record<McpContender["name"], McpContender>>;

export const mcp: Measurement = {
  name: "mcp",
  method:
    "MCP sessions over HTTP. *Create* is the manager's `create` with a stream, timed until the first byte of that stream says that it is attached. *Initialize* is the request of that name, answered to its end. *Send* is the manager's `send` to one session, timed until its stream has the event; *broadcast* its `send` to all of 1,000 that are attached, until the last has it. *Resume* is a GET with the `Last-Event-ID` before 1,000 events of 190 characters, until the last has come. What arrives late is counted apart: 1,000 events sent while a client was away for a second, of which it is asked how many come in the second after it is back.",
  remarks: {
    perdure: "one object for each session, which stores every event before it is sent",
    bare: "one object for each session, which inserts a row for each event and streams from the object itself, so it cannot hibernate; it has no registry, no ids that are checked, no bounds and no slow readers",
    published:
      "`@tmcp/session-manager-durable-objects`: one object for all sessions, which stores nothing; what it keeps in KV is in the Worker's memory here, which is faster",
  },
  async run(bench) {
    const scale = bench.isQuick ? 1 / 4 : 1;
    const figures = await McpContender.all(bench.folder, async (all) => [
      ...(await sent(all, bench.rounds, 200 * scale)),
      ...(await resumed(all, bench.rounds)),
      ...(await created(all, bench.rounds, 128 * scale)),
      ...(await initialized(all, bench.rounds, 64 * scale)),
    ]);
    // Perdure's sessions are still there, and a broadcast goes to them, too.
    const others = await McpContender.all(bench.folder, (all) => broadcast(all, bench.rounds));
    return [...figures, ...others];
  },
};

async function created(all: All, count: number, sessions: number): Promise<Figure[]> {
  const { one, many } = await rounds(Object.values(all), count, async (contender) => {
    const streams: EventStream[] = [];
    const create = async () => {
      streams.push(await contender.attach(crypto.randomUUID()));
    };
    const one = await timed(async () => {
      for (let n = 0; n < sessions; n += 1) await create();
    });
    const many = await timed(async () => {
      for (let n = 0; n < sessions; n += AT_ONCE)
        await Promise.all(Array.from({ length: AT_ONCE }, create));
    });
    for (const stream of streams) stream.close();
    return { one: one / sessions, many: (sessions / many) * 1000 };
  });
  return [
    { title: "MCP: create with a stream", unit: "ms", better: "less", values: one },
    {
      title: `MCP: create with a stream, ${AT_ONCE} at once`,
      unit: "sessions/s",
      better: "more",
      values: many,
    },
  ];
}

async function initialized(
  { perdure, published }: All,
  count: number,
  sessions: number,
): Promise<Figure[]> {
  const { ms } = await rounds([perdure, published], count, async (contender) => {
    const ms = await timed(async () => {
      for (let n = 0; n < sessions; n += 1) await contender.initialize();
    });
    return { ms: ms / sessions };
  });
  return [{ title: "MCP: initialize", unit: "ms", better: "less", values: ms }];
}

async function sent(all: All, count: number, events: number): Promise<Figure[]> {
  const sessions = new Map<McpContender, EventStream>();
  for (const contender of Object.values(all))
    sessions.set(contender, await contender.attach("one"));
  const { one, many } = await rounds(Object.values(all), count, async (contender) => {
    const stream = streamOf(sessions, contender);
    const one = await timed(async () => {
      for (let n = 0; n < events; n += 1) {
        const arrived = stream.until(stream.events + 1);
        await contender.send(["one"]);
        await arrived;
      }
    });
    const many = await timed(async () => {
      const arrived = stream.until(stream.events + events);
      await contender.send(["one"], events);
      await arrived;
    });
    return { one: one / events, many: (events / many) * 1000 };
  });
  for (const stream of sessions.values()) stream.close();
  return [
    { title: "MCP: send to one session", unit: "ms", better: "less", values: one },
    {
      title: "MCP: send to one session, in a row from one request",
      unit: "events/s",
      better: "more",
      values: many,
    },
  ];
}

async function broadcast({ perdure, published }: All, count: number): Promise<Figure[]> {
  const crowds = new Map<McpContender, readonly EventStream[]>();
  for (const contender of [perdure, published]) {
    const crowd: EventStream[] = [];
    while (crowd.length < SESSIONS)
      crowd.push(
        ...(await Promise.all(
          Array.from({ length: 50 }, () => contender.attach(crypto.randomUUID())),
        )),
      );
    crowds.set(contender, crowd);
  }
  const { one, burst } = await rounds([perdure, published], count, async (contender) => {
    const crowd = crowds.get(contender) ?? [];
    const say = async (times: number) => {
      const arrived = crowd.map((stream) => stream.until(stream.events + times));
      await contender.send([], times);
      await Promise.all(arrived);
    };
    // What has left memory meanwhile comes back.
    await say(1);
    const one = await timed(async () => {
      for (let n = 0; n < REPEATS; n += 1) await say(1);
    });
    const burst = await timed(() => say(REPEATS));
    const rate = (ms: number) => ((REPEATS * crowd.length) / ms) * 1000;
    return { one: rate(one), burst: rate(burst) };
  });
  for (const crowd of crowds.values()) for (const stream of crowd) stream.close();
  const who = `${SESSIONS.toLocaleString("en")} sessions`;
  return [
    { title: `MCP: broadcast to ${who}`, unit: "deliveries/s", better: "more", values: one },
    {
      title: `MCP: ${REPEATS} broadcasts in a row to ${who}`,
      unit: "deliveries/s",
      better: "more",
      values: burst,
    },
  ];
}

async function resumed(all: All, count: number): Promise<Figure[]> {
  const { perdure, published, bare } = all;
  const arrived = { perdure: [0], published: [0], bare: [0] };
  const places = new Map<McpContender, { session: string; before: string }>();
  for (const contender of [perdure, published, bare]) {
    const session = contender === bare ? "resumed" : await contender.initialize();
    const first = await contender.listen(session);
    // A transport answers before its stream is attached, and the published manager loses what is sent until then.
    await sleep(PAUSE_MS);
    await contender.send([session]);
    await first.until(1);
    first.close();
    await sleep(PAUSE_MS);
    const before = first.lastId ?? "0";
    places.set(contender, { session, before });
    await contender.send([session], MISSED);
    const back = await contender.listen(session, before);
    await sleep(PAUSE_MS);
    arrived[contender.name] = [back.status === 200 ? back.events : 0];
    back.close();
  }
  const { ms } = await rounds([perdure, bare], count, async (contender) => {
    const { session, before } = places.get(contender) ?? { session: "", before: "" };
    const ms = await timed(async () => {
      for (let n = 0; n < REPEATS; n += 1) {
        const stream = await contender.listen(session, before);
        await stream.until(MISSED);
        stream.close();
      }
    });
    return { ms: ms / REPEATS };
  });
  const events = MISSED.toLocaleString("en");
  return [
    {
      title: `MCP: of ${events} events sent to a client that was away, arrive`,
      unit: "events",
      better: "more",
      values: arrived,
    },
    {
      title: `MCP: resume with ${events} missed events`,
      unit: "ms",
      better: "less",
      values: ms,
    },
  ];
}

function streamOf(
  sessions: ReadonlyMap<McpContender, EventStream>,
  contender: McpContender,
): EventStream {
  const stream = sessions.get(contender);
  if (stream === undefined) throw new Error(`${contender.name} has no stream.`);
  return stream;
}
