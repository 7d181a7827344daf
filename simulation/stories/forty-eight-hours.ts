/**
 * One session over 48 hours, by a clock that is played: a laptop that is closed in mid-answer, an idle hour, an eviction, a
 * night, a deploy with a new migration, a phone, and an agent that is woken with what it knew. Everything but the gateway is the
 * product's own. Exits with 1 where anything is not as promised.
 */

import assert from "node:assert/strict";
import {
  parseGatewayCall,
  splitRun,
  textOf,
  verifyWebhook,
} from "../../packages/perdure/src/protocol/index.ts";
import type { RunnerWanted } from "../../packages/perdure/src/protocol/index.ts";
import type { GatewayPolicy } from "../../packages/perdure/src/session/gateway-policy.ts";
import { installPlatform } from "../platform/object-host.ts";
import { checkAll } from "../rules/check.ts";
import { installGlobals, use } from "../runtime/globals.ts";
import { Runtime } from "../runtime/runtime.ts";
import type { Page } from "../world/page.ts";
import { SimulatedSession } from "../world/simulated-session.ts";
import { World } from "../world/world.ts";

const HOUR_MS = 60 * 60 * 1000;

/** How long something may take that takes a moment, in simulated seconds. */
const A_MOMENT = 120;

const SECRET = "a secret of at least thirty-two bytes";

const OWNER = { subject: "owner", role: "admin", expiresAt: null } as const;

const seed = Number(process.argv[2] ?? 1);
installPlatform();
installGlobals();
const runtime = new Runtime(seed, process.argv.includes("--trace") ? console.log : undefined);
use(runtime);

/** What the gateway was asked for: it starts a runner a second later. */
const wanted: RunnerWanted[] = [];

/** Monday's version, with a table of the application's own. */
class MondaySession extends SimulatedSession {
  static override readonly migrations = [
    { version: 1, sql: "CREATE TABLE notes (id INTEGER PRIMARY KEY, note TEXT NOT NULL)" },
  ];

  protected override gateways(): GatewayPolicy {
    return {
      default: { url: "https://gateway.test/wake", cwd: "/repo/tree" },
      secret: SECRET,
      server: "http://session.test",
      fetch: answerAsGateway,
    };
  }

  async note(note: string): Promise<void> {
    this.sql.run("INSERT INTO notes (note) VALUES (?)", note);
  }

  async notes(): Promise<readonly unknown[]> {
    return this.sql.run("SELECT * FROM notes").map((row) => ({ ...row }));
  }
}

/** Tuesday's: a column more. */
class TuesdaySession extends MondaySession {
  static override readonly migrations = [
    ...MondaySession.migrations,
    { version: 2, sql: "ALTER TABLE notes ADD COLUMN latency_ms INTEGER" },
  ];
}

const world = new World(runtime, MondaySession);
const { object, witness, deeds } = world;
const [laptop, phone, tablet] = world.pages as [Page, Page, Page];
const machine = world.newMachine(true);

await it("Monday 10:00, a session is created and asked something; no runner is there", async () => {
  await call((session) => session.create(OWNER, { id: "s" }));
  await call((session) => session.note("begun on Monday"));
  laptop.load();
  await until(() => laptop.isSettled);
  ask(laptop, "p0");
  await until(() => machine.isRunning);
  assert.deepEqual(
    wanted.map(({ session, cwd, why, agentSession }) => ({ session, cwd, why, agentSession })),
    [{ session: "s", cwd: "/repo/tree", why: "queued", agentSession: undefined }],
  );
});

await it("the laptop is closed in mid-answer, and the answer finishes", async () => {
  await until(() => wordsShown(laptop).length > 3);
  laptop.close();
  const shown = wordsShown(laptop);
  await until(() => witness.state.turns.length === 0);
  assert.equal(witness.state.lastOutcome?.outcome, "completed");
  assert.ok(wordsSaid().length > shown.length);
  assert.deepEqual(shown, wordsSaid().slice(0, shown.length));
});

await it("nobody needs the runner, it ends, and for an hour nothing happens", async () => {
  machine.kill();
  await wait(1);
  const lives = object.lives;
  const before = runtime.steps;
  await wait(HOUR_MS / 1000);
  assert.equal(object.lives, lives);
  // What the end of a runner and of a page leave behind, and the step that ends the hour.
  assert.ok(runtime.steps - before < 10, `${runtime.steps - before} things have happened`);
  object.evict();
  await wait(1);
});

await it("overnight a version with another migration ships", async () => {
  await wait((20 * HOUR_MS) / 1000);
  object.deploy(TuesdaySession);
  await wait(10);
});

await it("Tuesday 9:00, the phone gets everything once, in order, and the migration has run", async () => {
  phone.load();
  await until(() => phone.isSettled);
  assert.deepEqual(
    phone.events.map(({ position }) => position),
    witness.events.map((_, index) => index + 1),
  );
  assert.deepEqual(
    phone.events.map(({ event }) => event),
    witness.events,
  );
  assert.deepEqual(wordsShown(phone), wordsSaid());
  assert.deepEqual(await call((session) => session.notes()), [
    { id: 1, note: "begun on Monday", latency_ms: null },
  ]);
});

await it("a follow-up wakes the runner with the agent's session of yesterday", async () => {
  const yesterday = witness.state.runner?.agentSession;
  assert.ok(yesterday !== undefined);
  ask(phone, "p1");
  await until(() => deeds.prompts.includes("p1") && witness.state.turns.length === 0);
  assert.equal(wanted.at(-1)?.agentSession, yesterday);
  assert.equal(wanted.at(-1)?.why, "queued");
  assert.equal(wanted.length, 2);
  const { runner } = witness.state;
  assert.equal(runner?.restored, "resumed");
  assert.equal(runner?.agentSession, yesterday);
  assert.deepEqual(deeds.prompts, ["p0", "p1"]);
});

await it("Wednesday 10:00, the laptop is opened again and shows what the phone shows", async () => {
  await wait((49 * HOUR_MS) / 1000 - runtime.seconds);
  laptop.load();
  tablet.load();
  await until(() => world.isSettled());
  const shown = laptop.session?.messages;
  assert.equal(shown?.length, 4);
  assert.deepEqual(shown, phone.session?.messages);
  assert.deepEqual(shown, tablet.session?.messages);
  assert.deepEqual(wordsShown(laptop), wordsSaid());
  checkAll(world);
});

async function it(what: string, happens: () => Promise<void>): Promise<void> {
  try {
    await happens();
    console.log(`ok   ${what}`);
  } catch (error) {
    console.log(`FAIL ${what}`);
    console.error(error);
    process.exit(1);
  }
}

/** The gateway of a box: it verifies the call, and starts a runner on the one machine that there is. */
async function answerAsGateway(request: Request): Promise<Response> {
  const body = await request.text();
  await verifyWebhook(SECRET, request.headers, body, runtime.now());
  wanted.push(parseGatewayCall(body).data);
  runtime.afterOutside(1_000, () => machine.start());
  return new Response(null, { status: 202 });
}

function ask(page: Page, id: string): void {
  const parts = [{ type: "text", text: id }] as const;
  world.requests.add({
    label: id,
    id: undefined,
    command: { op: "prompt", parts },
    by: { subject: "somebody", role: "participant" },
  });
  world.prompts.push(id);
  page.ask(id, (client) => client.send(parts, { id }));
}

/** Calls the object by RPC. */
async function call<T>(work: (session: MondaySession) => Promise<T>): Promise<T> {
  const answers: T[] = [];
  object
    .call(async (session) => work(session as MondaySession))
    .then(
      (value) => answers.push(value),
      (error: unknown) => runtime.faults.push(error),
    );
  while (answers.length === 0) await world.step();
  return answers[0] as T;
}

/** Time goes on by so many seconds. */
async function wait(seconds: number): Promise<void> {
  const end = runtime.now() + seconds * 1000;
  // Where nothing else happens, this does.
  runtime.afterOutside(seconds * 1000, () => {});
  while (runtime.now() < end) await world.step();
}

async function until(isTrue: () => boolean): Promise<void> {
  const end = runtime.seconds + A_MOMENT;
  while (!isTrue()) {
    assert.ok(runtime.seconds < end, `not within ${A_MOMENT} s; left: ${witness.head} events`);
    assert.ok(await world.step(), "nothing is left to happen");
  }
}

/** The agent's words in the log, and on a screen. */
function wordsSaid(): readonly string[] {
  return witness.events
    .flatMap((event) => splitRun(event))
    .flatMap((event) => (event.type === "text-delta" ? [event.delta] : []));
}

function wordsShown({ session }: Page): readonly string[] {
  const texts = session?.messages.map(({ message }) => message) ?? [];
  const all = session?.open === undefined ? texts : [...texts, session.open.message];
  return all
    .filter(({ role }) => role === "assistant")
    .flatMap((message) => textOf(message).match(/\S+ /g) ?? []);
}
