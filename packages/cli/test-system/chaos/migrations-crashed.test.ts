import { isObject } from "perdure/protocol";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startServerWithDoors } from "../support/doors.ts";
import { readFrom } from "../support/raw-reader.ts";
import { Scene } from "../support/scene.ts";
import { until } from "../support/until.ts";

/** Migrations of the app that are deployed first, and in the end. */
const FIRST_DEPLOY = 1;
const LAST_DEPLOY = 3;

/** No object gets through so few statements, nor needs so many. */
const FEWEST_STATEMENTS = 20;
const MOST_STATEMENTS = 200;

const scene = new Scene();
let server: Awaited<ReturnType<typeof startServerWithDoors>>;
/** What a session that nothing has happened to has, after the last deploy. */
let whole: unknown;

beforeAll(async () => {
  server = await startServerWithDoors(scene, [], "migrating-worker");
  await create("whole");
  whole = await server.open("whole", "schema");
});

afterAll(() => scene.end());

const create = (id: string) => server.api.post("v1/sessions", { id });

/** Whether the fault of a session has struck in a request; the Worker may have tried that again, with success. */
async function hasStruck(session: string, request: Promise<unknown>): Promise<boolean> {
  await request.catch(() => {});
  return (await server.open(session, "struck")) === true;
}

/** The types of all events in a session's log. */
async function eventsOf(session: string): Promise<readonly string[]> {
  const { events } = await readFrom({ url: server.url, session, token: await scene.token() }, 0);
  return events.map(({ type }) => type);
}

/** What a Worker said of each timer that fired. */
function heardIn(output: string): readonly unknown[] {
  return [...output.matchAll(/heard (\{.*\})$/gm)].map(([, json = ""]): unknown =>
    JSON.parse(json),
  );
}

/** The object ends, or the statement after it fails: then what it had written is kept, but for the open transaction. */
const FAULTS = [
  { fault: "end", what: "that ends" },
  { fault: "fail", what: "whose database fails" },
] as const;

test.each(FAULTS)(
  "M2 a new object $what after any statement of its first request is whole at the second",
  async ({ fault }) => {
    let statements = 1;
    for (; statements < MOST_STATEMENTS; statements += 1) {
      const session = `new-${fault}-${statements}`;
      await server.open(session, fault, statements);
      if (!(await hasStruck(session, create(session)))) break;
      await server.abort(session);
      await create(session);
      expect([statements, await server.open(session, "schema")]).toEqual([statements, whole]);
      expect(await eventsOf(session)).toEqual(["session.created"]);
    }
    expect(statements).toBeGreaterThan(FEWEST_STATEMENTS);
    expect(statements).toBeLessThan(MOST_STATEMENTS);
  },
);

test.each(FAULTS)(
  "M2 an object $what after any statement of a deploy's migrations is whole at its next event",
  async ({ fault }) => {
    let statements = 1;
    for (; statements < MOST_STATEMENTS; statements += 1) {
      const session = `old-${fault}-${statements}`;
      await server.open(session, "deploy", FIRST_DEPLOY);
      await create(session);
      await server.fill(session, 3);
      await server.open(session, "deploy", LAST_DEPLOY);
      await server.abort(session);
      await server.open(session, fault, statements);
      if (!(await hasStruck(session, server.api.get(`v1/sessions/${session}`)))) break;
      await server.abort(session);
      expect([statements, await server.open(session, "schema")]).toEqual([statements, whole]);
      expect(await eventsOf(session)).toEqual([
        "session.created",
        ...Array.from({ length: 3 }, () => "session.meta"),
      ]);
    }
    expect(statements).toBeGreaterThan(FEWEST_STATEMENTS);
    expect(statements).toBeLessThan(MOST_STATEMENTS);
  },
);

test("M9, K2 an alarm that a crash made late is the first event after a deploy: migrated, and the timer fires", async () => {
  const crashed = ["a", "b", "c"];
  await server.open("whole", "deploy", FIRST_DEPLOY);
  let due = 0;
  for (const session of crashed) {
    await create(session);
    due = Number(await server.open(session, "remind", 1_000));
  }
  const workerd = await scene.workerdPid();
  await server.program.end("SIGKILL");
  process.kill(workerd, "SIGKILL");
  await until("the timers are overdue", () => Date.now() > due);
  // The new process has the last deploy, and nobody connects to it.
  server = await startServerWithDoors(scene, ["--verbose"], "migrating-worker");
  await until("all have fired", () => heardIn(server.program.stderr).length >= crashed.length);
  const heard = {
    name: "reminder",
    payload: { text: "tea" },
    counts: [{ n: 2, unit: "piece" }],
    stars: [{ name: "star 1" }],
  };
  const said = heardIn(server.program.stderr).filter(isObject);
  for (const session of crashed) {
    expect(said).toContainEqual({ session, ...heard });
    expect(await server.open(session, "schema")).toEqual(whole);
    expect(await eventsOf(session)).toEqual(["session.created"]);
  }
});

test("M9, K2 an alarm whose object ends in mid-migration rings again by itself: migrated, and the timer fires", async () => {
  const points = [3, 9, 13, 16];
  await server.open("whole", "deploy", FIRST_DEPLOY);
  for (const statements of points) {
    await create(`late-${statements}`);
    await server.open(`late-${statements}`, "remind", 1_000);
  }
  await server.open("whole", "deploy", LAST_DEPLOY);
  for (const statements of points) {
    await server.open(`late-${statements}`, "end", statements);
    await server.abort(`late-${statements}`);
  }
  const heard = () =>
    heardIn(server.program.stderr).filter(
      (one) => isObject(one) && String(one["session"]).startsWith("late"),
    );
  await until("all have fired", () => heard().length >= points.length);
  const ends = points.filter((statements) =>
    server.program.stderr.includes(`ends this after ${statements} statements`),
  );
  expect(ends).toEqual(points);
  for (const statements of points)
    expect(await server.open(`late-${statements}`, "schema")).toEqual(whole);
});
