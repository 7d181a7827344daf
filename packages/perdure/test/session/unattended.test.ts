import { expect, test } from "vitest";
import type { SessionWorld } from "../support/session-world.ts";
import { writingSession } from "./writing-session.ts";

const MINUTE = 60_000;

async function pass(world: SessionWorld, milliseconds: number): Promise<void> {
  world.clock.advance(milliseconds);
  await world.ring();
}

test("T24 T18 cancelling a turn whose runner is not connected ends it, and the runner finds it over", async () => {
  const { world, runner } = await writingSession();
  await runner.ask("a", "p");
  world.disconnect(runner.link);
  await world.prompt("q");
  const reply = await world.command("c", { op: "cancel" });
  const events = world.events();
  expect(events.slice(-2)).toMatchObject([
    { type: "turn.cancelling", turn: "p", by: "owner" },
    { type: "turn.ended", turn: "p", outcome: "cancelled" },
  ]);
  expect(reply).toMatchObject({ ok: true, result: { turn: "p", position: events.length - 1 } });
  expect(world.session.approvals().approvals).toMatchObject([
    { approval: "a", state: "withdrawn" },
  ]);
  expect(world.session.info().turns).toMatchObject([{ id: "q", state: "queued" }]);

  runner.keep({ type: "text-delta", id: "t", delta: "still here" });
  await runner.connect();
  expect(runner.frames()).toMatchObject([
    { t: "welcome", turn: null },
    { t: "command", command: { kind: "prompt", turn: "q" } },
  ]);
  await runner.resend();
  await runner.end("p", "cancelled");
  expect(world.session.state.lastOutcome).toMatchObject({ turn: "p", outcome: "cancelled" });
  expect(world.session.info().turns).toMatchObject([{ id: "q", state: "queued" }]);
});

test("T24 a turn that is being cancelled ends where its runner has gone for good, also without a word", async () => {
  const { world, runner } = await writingSession();
  await world.command("c", { op: "cancel" });
  await pass(world, MINUTE);
  expect(world.session.state.turns).toMatchObject([{ id: "p", state: "cancelling" }]);
  world.disconnect(runner.link);
  world.evict();
  await pass(world, MINUTE);
  expect(world.session.info()).toMatchObject({ status: "idle", turns: [] });
  await pass(world, MINUTE);
  expect(world.types().filter((type) => type === "turn.ended")).toHaveLength(1);
});

test("T24 A7 a question that expires without a way to reject it cancels a turn that nobody works on", async () => {
  const { world, runner } = await writingSession();
  const options = [{ id: "yes", name: "Allow", kind: "allow_once" as const }];
  await runner.ask("a", "p", { options, expiresAt: world.clock.now() + 1_000 });
  world.disconnect(runner.link);
  await pass(world, 1_000);
  expect(world.session.info().turns).toEqual([]);
  expect(world.session.state.lastOutcome).toMatchObject({ turn: "p", outcome: "cancelled" });
});

test("T25 a running turn whose runner does not come back within a minute is stalled, and goes on when one does", async () => {
  const { world, runner } = await writingSession();
  world.clock.advance(5 * MINUTE);
  world.disconnect(runner.link);
  await world.settle();
  expect(world.session.info()).toMatchObject({ status: "running", runner: null });
  await pass(world, MINUTE);
  world.evict();
  expect(world.session.info().status).toBe("stalled");
  expect(world.listings.at(-1)).toMatchObject({ status: "stalled" });
  await runner.reconnect();
  expect(world.session.info().status).toBe("running");
  expect(world.listings.at(-1)).toMatchObject({ status: "running" });
  await runner.end("p");
  expect(world.types().slice(-4)).toEqual(["turn.stalled", "turn.resumed", "finish", "turn.ended"]);
});

test("T25 a link that comes and goes sets one timer, which looks back when it rings", async () => {
  const { world, runner } = await writingSession();
  world.disconnect(runner.link);
  await world.settle();
  const { alarms } = world;
  await runner.reconnect();
  world.clock.advance(50_000);
  world.disconnect(runner.link);
  await world.settle();
  expect(world.alarms).toBe(alarms);
  await pass(world, 9_000);
  expect(world.session.info().status).toBe("running");
  await pass(world, 51_000);
  expect(world.session.info().status).toBe("stalled");
});

test("T25 a runner that left while the object was not in memory is missed when it is again", async () => {
  const { world, runner } = await writingSession();
  runner.link.close(1006, "");
  world.evict();
  await world.settle();
  await pass(world, MINUTE);
  expect(world.session.info().status).toBe("stalled");
});

test("T25 T4 a turn that has stalled is ended by a person, or by another runner", async () => {
  const { world, runner } = await writingSession();
  world.disconnect(runner.link);
  await world.settle();
  await pass(world, MINUTE);
  await world.runner("process-2", "spool-2");
  expect(world.session.state.lastOutcome).toMatchObject({ turn: "p", outcome: "interrupted" });
  expect(world.session.info()).toMatchObject({ status: "idle", turns: [] });
});
