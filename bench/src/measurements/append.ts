import { BODY, entriesPerSecond } from "../entries.ts";
import { closeAll } from "../contender.ts";
import type { Contender, Session } from "../contender.ts";
import type { Budget, Figure, Measurement, Values } from "../harness.ts";
import { atLeast, median, rounds, spread, timed } from "../harness.ts";

const LENGTHS = [1_000, 8_000, 32_000];

const READERS = 10;

/** The length that DESIGN §9 speaks of. */
const BUDGET_LENGTH = 8_000;

/** Nobody would call a rate flat that falls by more than this share over 32 times the length. */
const FLAT = 0.8;

export const append: Measurement = {
  name: "append",
  method:
    "Entries of 100 characters, each acknowledged as durable, into a log that holds 1,000, 8,000 or 32,000 already. *One by one*: the next entry is sent when the one before is acknowledged (Perdure: a `set-meta` command with its id). *Streamed*: entries are sent one a frame without waiting, timed until the last is acknowledged (Perdure: a runner's unmergeable `data-*` events in one turn, and the turn's end). The rows that were there were made by the contender itself. *10 readers*: ten more sockets get every entry.",
  remarks: {
    agents: "rows of the author's own table through `this.sql`, in `onMessage`; no ids",
    partyserver: "stores nothing itself: rows of the author's own table, in `onMessage`; no ids",
    node: "a transaction for what arrives in one turn of the event loop",
  },
  async run(bench) {
    const contenders = bench.contenders("perdure", "bare", "agents", "partyserver", "node");
    const sessions = new Map<Contender, Session>();
    for (const contender of contenders) sessions.set(contender, await contender.open());
    const measure = (name: string) =>
      rounds(contenders, bench.rounds, async (contender) => {
        const session = sessions.get(contender);
        if (session === undefined) throw new Error(`${contender.name} has no session for ${name}.`);
        return {
          lone: await entriesPerSecond(contender, session, {
            count: bench.isQuick ? 150 : 400,
            inFlight: 1,
          }),
          streamed: await streamedPerSecond(contender, session, bench.isQuick ? 500 : 1_000),
        };
      });

    const lone: Values[] = [];
    const streamed: Values[] = [];
    const figures: Figure[] = [];
    for (const length of LENGTHS) {
      for (const [contender, session] of sessions) {
        const head = await contender.head(session);
        if (head < length) await contender.fill(session, length - head, BODY);
      }
      const result = await measure(`length ${length}`);
      lone.push(result.lone);
      streamed.push(result.streamed);
      for (const [mode, values] of Object.entries(result))
        figures.push({
          title: `append at ${length.toLocaleString("en")}, ${mode === "lone" ? "one by one" : "streamed"}`,
          unit: "entries/s",
          better: "more",
          values,
          budgets: [
            ...(length === BUDGET_LENGTH ? [atLeast(0.8, "bare", values)] : []),
            ...(length === LENGTHS.at(-1) ? [flat(mode === "lone" ? lone : streamed)] : []),
          ],
        });
    }

    for (const contender of contenders) sessions.set(contender, await contender.open());
    const readers = await Promise.all(
      [...sessions].map(([contender, session]) => contender.readers(session, READERS)),
    );
    const read = await measure("readers");
    await Promise.all(readers.map(closeAll));
    figures.push(
      {
        title: "append with 10 readers, one by one",
        unit: "entries/s",
        better: "more",
        values: read.lone,
      },
      {
        title: "append with 10 readers, streamed",
        unit: "entries/s",
        better: "more",
        values: read.streamed,
      },
    );
    return figures;
  },
};

async function streamedPerSecond(
  contender: Contender,
  session: Session,
  count: number,
): Promise<number> {
  const producer = await contender.produce(session);
  const ms = await timed(async () => {
    for (let n = 0; n < count; n += 1) producer.entry(BODY);
    await producer.settled();
  });
  await producer.close();
  return (count / ms) * 1000;
}

/** Against the bare object's own change over the same lengths: the machine may have slowed meanwhile. */
function flat(byLength: readonly Values[]): Budget {
  const change = (name: "perdure" | "bare") =>
    median(byLength.at(-1)?.[name] ?? []) / median(byLength[0]?.[name] ?? []);
  const relative = change("perdure") / change("bare");
  return {
    text: "flat in length: the rate at 32,000 over that at 1,000, relative to bare's",
    measured: spread([relative]),
    isMet: relative >= FLAT,
  };
}
