import { isObject } from "perdure/protocol";
import { Crowd } from "./crowd.ts";
import type { SeatReport } from "./crowd-seat.ts";
import { openFilesOf } from "./open-files-of.ts";
import type { RunningServer } from "./scene.ts";
import { Scene } from "./scene.ts";

/** How many connect to how many sessions. */
export interface Load {
  readonly sockets: number;
  readonly sessions: number;
}

const CROWD_PROCESSES = 2;

/** Events of each session before the cut, while everybody is away, and while everybody comes back. */
const EVENTS = { before: 3, away: 3, returning: 2 } as const;

/** Requests at the same time. */
const REQUESTS_AT_ONCE = 16;

/** What is left to say after a crowd was cut and came back. */
export interface LoadOutcome {
  readonly seats: number;
  /** Up to three readers that did not get exactly what they missed. */
  readonly wrong: readonly SeatReport[];
  /** Whether the process that served at the end is the one of the beginning. */
  readonly hasSurvived: boolean;
  /** What the server wrote for the person at its terminal. */
  readonly complaints: string;
}

/**
 * Connects a crowd to one server, cuts all of it at once, appends events meanwhile, and has all of it come back. Prints how
 * long that took.
 */
export async function cutAndResume({ sockets, sessions }: Load): Promise<LoadOutcome> {
  const scene = new Scene();
  let crowd: Crowd | undefined;
  try {
    const server = await scene.startServer();
    const workerd = await scene.workerdPid();
    const names = Array.from({ length: sessions }, (_, index) => `s${index}`);
    const figures = new Figures(workerd);
    await figures.time("create", () =>
      inParallel(names, (id) => server.api.post("v1/sessions", { id })),
    );
    const token = await scene.token();
    const seats = Array.from({ length: sockets }, (_, seat) => names[seat % sessions] ?? "");
    crowd = await Crowd.start(CROWD_PROCESSES, { url: server.url, token, sessions: seats });
    const readers = crowd;
    const connect = () => readers.connect();
    await figures.time("connect", connect);
    await figures.time("fan out", async () =>
      readers.untilAllHave(await append(server, names, EVENTS.before)),
    );

    await figures.time("cut", () => readers.cut());
    await figures.time("append", () => append(server, names, EVENTS.away));
    const returned = figures.time("resume", connect);
    const heads = await append(server, names, EVENTS.returning);
    await returned;
    await figures.time("catch up", () => readers.untilAllHave(heads));

    const reports = await readers.report();
    console.log(`${sockets} sockets on ${sessions} sessions: ${figures.text(reports)}`);
    return {
      seats: reports.length,
      wrong: reports.filter((seat) => !hasExactlyWhatItMissed(seat, heads)).slice(0, 3),
      hasSurvived: (await scene.workerdPid()) === workerd,
      complaints: server.program.stderr,
    };
  } finally {
    await crowd?.end();
    await scene.end();
  }
}

/** Nobody had anything of what came after the cut, and everybody has all of it. */
function hasExactlyWhatItMissed(
  seat: SeatReport,
  heads: Readonly<Record<string, number>>,
): boolean {
  const head = heads[seat.session] ?? 0;
  const missed = EVENTS.away + EVENTS.returning;
  return (
    seat.cursor === head - missed &&
    seat.snapshots === 0 &&
    seat.losses === 0 &&
    seat.positions.length === missed &&
    seat.positions.every((position, index) => position === seat.cursor + index + 1)
  );
}

/** Appends so many events to each session; answers the heads. */
async function append(
  server: RunningServer,
  sessions: readonly string[],
  count: number,
): Promise<Record<string, number>> {
  const heads: Record<string, number> = {};
  await inParallel(sessions, async (session) => {
    for (let event = 0; event < count; event += 1) {
      const result = await server.api.post(`v1/sessions/${session}/messages`, {
        id: crypto.randomUUID(),
        text: `Event ${event}`,
      });
      if (isObject(result) && typeof result["position"] === "number")
        heads[session] = result["position"];
    }
  });
  return heads;
}

async function inParallel<T>(items: readonly T[], work: (item: T) => Promise<unknown>) {
  const waiting = [...items];
  const worker = async () => {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: REQUESTS_AT_ONCE }, worker));
}

/** How long each step took, and how many files workerd had open after it. For a person to read; nothing depends on it. */
class Figures {
  readonly #workerd: number;
  readonly #lines: string[] = [];

  constructor(workerd: number) {
    this.#workerd = workerd;
  }

  async time<T>(step: string, work: () => Promise<T>): Promise<T> {
    const start = performance.now();
    const result = await work();
    const ms = Math.round(performance.now() - start);
    this.#lines.push(`${step} ${ms} ms (${openFilesOf(this.#workerd) ?? "unknown"} files)`);
    return result;
  }

  text(reports: readonly SeatReport[]): string {
    const refusals = reports.reduce((sum, seat) => sum + seat.refusals, 0);
    return `${this.#lines.join(", ")}; ${refusals} refusals`;
  }
}
