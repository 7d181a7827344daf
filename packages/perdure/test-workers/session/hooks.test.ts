import { runDurableObjectAlarm } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { Peer } from "./peer.ts";
import { OWNER, PROMPT, valueOf } from "./setup.ts";

async function hookedSession(id: string) {
  const stub = env.HOOKED_SESSION.getByName(id);
  valueOf(await stub.create(OWNER, { id }));
  return stub;
}

test("a session goes on whose author overrides every hook without super", async () => {
  const stub = await hookedSession("hooks");
  const reader = await Peer.reader(stub);
  expect(await stub.command(OWNER, "p1", PROMPT)).toMatchObject({ ok: true });
  await reader.until(
    (frame) =>
      typeof frame === "object" &&
      frame.t === "events" &&
      frame.e.some((event) => event.type === "turn.queued"),
  );
  expect(await stub.heard()).toEqual(["lifecycle active", "connect reader", "message hello"]);
  reader.close();
  await expect.poll(() => stub.heard()).toContain("disconnect reader");
});

test("a timer of the author's own reaches the author's hook, and the session's own do not", async () => {
  const stub = await hookedSession("timers");
  await stub.remind();
  await runDurableObjectAlarm(stub);
  expect(await stub.heard()).toEqual(["lifecycle active", 'timer reminder {"text":"tea"}']);
});

test("requests that the session does not answer itself reach the author's hook", async () => {
  const stub = await hookedSession("requests");
  expect(await (await stub.fetch("https://object/health")).json()).toEqual({ status: "ok" });
  expect(await (await stub.fetch("https://object/other")).text()).toBe("mine");
});

test("the author's hook hears of each state that the session moves to", async () => {
  const stub = await hookedSession("moves");
  for (const op of ["pause", "pause", "resume", "terminate"] as const)
    await stub.command(OWNER, crypto.randomUUID(), { op });
  expect(await stub.heard()).toEqual([
    "lifecycle active",
    "lifecycle paused",
    "lifecycle active",
    "lifecycle terminated",
  ]);
});
