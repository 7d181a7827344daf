import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test, vi } from "vitest";
import { answers, callsFor } from "../objects/gateway-session-do.ts";
import { Peer } from "./peer.ts";
import { OWNER, positionOf, PROMPT, valueOf } from "./setup.ts";

async function created(id: string) {
  const session = env.GATEWAY_SESSION.getByName(id);
  valueOf(await session.create(OWNER, { id }));
  return session;
}

const called = (session: string, times: number) =>
  vi.waitFor(() => expect(callsFor(session)).toHaveLength(times), { timeout: 10_000 });

test("G1 G3 the alarm calls the gateway of a session that was evicted after its prompt", async () => {
  const session = await created("evicted");
  await session.command(OWNER, "p", PROMPT);
  await evictDurableObject(session);
  await called("evicted", 1);
  expect(callsFor("evicted")).toMatchObject([
    { id: expect.stringMatching(/^wk_/), data: { session: "evicted", attempt: 1, of: 3 } },
  ]);
  const runner = await Peer.runner(session);
  expect(await runner.next("command")).toMatchObject({ command: { kind: "prompt", turn: "p" } });
  expect(valueOf(await session.describe(OWNER)).waking).toBeNull();
  const alarm = await runInDurableObject(session, (_object, { storage }) => storage.getAlarm());
  expect(alarm).toBeNull();
});

test("G5 G9 a gateway that fails is called again by the alarm, and after the last attempt readers are told", async () => {
  answers.set("failing", [500, 503, 500]);
  const session = await created("failing");
  const reader = await Peer.reader(session);
  await session.command(OWNER, "p", PROMPT);
  await reader.until(
    (frame) =>
      typeof frame === "object" &&
      frame.t === "events" &&
      frame.e.some(({ type }) => type === "runner.unreachable"),
  );
  expect(callsFor("failing").map(({ data }) => data.attempt)).toEqual([1, 2, 3]);
  await evictDurableObject(session);
  expect(valueOf(await session.describe(OWNER)).waking).toMatchObject({
    type: "runner.unreachable",
    reason: "The gateway answered with HTTP status 500.",
  });
  await session.command(OWNER, "w", { op: "wake" });
  await called("failing", 4);
});

test("G2 a runner that drops in a turn while the object sleeps is looked for after the grace", async () => {
  const session = await created("dropped");
  const runner = await Peer.runner(session);
  const command = positionOf(await session.command(OWNER, "p", PROMPT));
  await runner.emit(2, { type: "command.begun", command, at: 1 });
  await evictDurableObject(session);
  expect(callsFor("dropped")).toEqual([]);
  runner.close();
  await called("dropped", 1);
  expect(callsFor("dropped")).toMatchObject([{ data: { attempt: 1, why: "dropped" } }]);
});
