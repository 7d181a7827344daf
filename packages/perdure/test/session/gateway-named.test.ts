import { expect, test } from "vitest";
import type { Gateway } from "../../src/protocol/index.ts";
import { OWNER, SessionWorld } from "../support/session-world.ts";
import { FakeGateway, nextAttempt } from "./waking-world.ts";

/** A world whose server lists some gateways and has none of its own. */
function listed(allowed: readonly string[]) {
  const gateway = new FakeGateway();
  const world = new SessionWorld(
    gateway.policy({ default: undefined, allowed, server: "https://perdure.example" }),
  );
  gateway.now = () => world.clock.now();
  const create = (named: Gateway) => world.session.create(OWNER, { id: "s1", gateway: named });
  return { gateway, world, create };
}

test("G4 the call names the session's folders as it was created, and later as its last runner said", async () => {
  const { gateway, world, create } = listed(["https://box.example/a"]);
  await create({
    url: "https://box.example/a/b",
    cwd: "/work",
    worktree: "/trees/first",
    agent: "demo",
  });
  world.evict();
  await world.prompt("p");
  await nextAttempt(world);
  expect(gateway.calls[0]).toMatchObject({
    url: "https://box.example/a/b",
    call: {
      data: {
        session: "s1",
        why: "queued",
        server: "https://perdure.example",
        cwd: "/work",
        worktree: "/trees/first",
        agent: "demo",
      },
    },
  });
  expect(gateway.calls[0]?.call.data).not.toHaveProperty("agentSession");

  const runner = await world.runner();
  const places = { cwd: "/repo", worktree: "/trees/s1", agentSession: "agent-7" };
  const agent = { name: "test" };
  await runner.emit({ type: "runner.started", epoch: 1, agent, restored: "new", ...places, at: 1 });
  await runner.answer("p", "done");
  world.disconnect(runner.link);
  world.clock.advance(60_000);
  world.evict();
  await world.prompt("q");
  await nextAttempt(world);
  expect(gateway.calls[1]?.call.data).toMatchObject({ ...places, agent: "demo" });
  expect(JSON.stringify(gateway.calls)).not.toMatch(/token|eyJ/);
});

test.each([
  "https://other.example/a",
  "https://box.example/ab",
  "https://box.example/a/../b",
  "https://box.example:8443/a",
  "http://box.example/a",
  "https://user:password@box.example/a",
  "file:///etc/passwd",
  "not a URL",
])("G12 a gateway that is not listed is refused, and no session made: %s", async (url) => {
  const { world, create } = listed(["https://box.example/a", "http://box.example"]);
  await expect(create({ url })).rejects.toMatchObject({ code: "bad_request" });
  expect(world.session.exists).toBe(false);
  world.evict();
  await world.session.create(OWNER, { id: "s1" });
  await world.prompt("p");
  expect(world.dueAt("perdure:waking")).toBeUndefined();
});

test.each(["https://box.example/a", "https://box.example/a/b", "http://127.0.0.1:7420/"])(
  "G12 a gateway that is listed is taken: %s",
  async (url) => {
    const { create } = listed(["https://box.example/a/", "http://127.0.0.1:7420"]);
    expect(await create({ url })).toBe(true);
  },
);

test("G12 a gateway that a creation has named which was undone is none of the session's", async () => {
  const { gateway, world, create } = listed(["https://box.example"]);
  world.isStorageFull = true;
  await expect(create({ url: "https://box.example" })).rejects.toThrow("full");
  world.isStorageFull = false;
  await world.session.create(OWNER, { id: "s1" });
  await world.prompt("p");
  expect(world.dueAt("perdure:waking")).toBeUndefined();
  expect(gateway.calls).toEqual([]);
});

test("G12 a gateway that is struck off the list is not called any more", async () => {
  const { gateway, world, create } = listed(["https://box.example"]);
  await create({ url: "https://box.example" });
  await world.prompt("p");
  Object.assign(world.gateways, { allowed: [] });
  await nextAttempt(world);
  expect(gateway.calls).toEqual([]);
  expect(world.session.info().waking).toMatchObject({ type: "runner.unreachable" });
});

test("G12 without a secret nobody is called, and the session says why", async () => {
  const gateway = new FakeGateway();
  const world = await gateway.world({ secret: undefined });
  await world.prompt("p");
  await nextAttempt(world);
  expect(gateway.calls).toEqual([]);
  expect(world.session.info().waking?.reason).toContain("PERDURE_GATEWAY_SECRET");
});
