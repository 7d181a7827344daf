import { expect, test } from "vitest";
import { LiveReader } from "../support/live-reader.ts";
import { SessionWorld } from "../support/session-world.ts";

const names = (world: SessionWorld) =>
  world.session.info().presence?.people.map(({ subject, role }) => `${subject} ${role}`);

test("P1 who reads is here once, with the strongest of their roles, since the first of their sockets", async () => {
  const world = await SessionWorld.created();
  const since = world.clock.now();
  await world.reader(null, "reader", { subject: "ada", role: "viewer" });
  world.clock.advance(5_000);
  await world.reader(null, "reader", { subject: "ada", role: "participant" });
  await world.reader(0, "dialect", { subject: "bob", role: "viewer" });
  await world.runner();
  world.connect("reader", { subject: "silent" });
  expect(world.session.info().presence).toEqual({
    people: [
      { subject: "ada", role: "participant", since },
      { subject: "bob", role: "viewer", since: since + 5_000 },
    ],
    count: 2,
  });
});

test("P2 a reader is told who is here when it is live, and all are a second after somebody came or went", async () => {
  const world = await SessionWorld.created();
  const { written } = world.sql.counts;
  const ada = await LiveReader.connected(world);
  const here = () => ada.reader.view.presence?.people.map(({ subject }) => subject);
  expect(here()).toEqual(["somebody"]);
  const bob = await world.reader(null, "reader", { subject: "bob" });
  const carol = await world.reader(null, "reader", { subject: "carol" });
  expect(bob.take().at(-1)).toMatchObject({ t: "live", presence: { count: 2 } });
  await ada.pump();
  expect(here()).toEqual(["somebody"]);
  world.clock.advance(1_000);
  await ada.pump();
  expect(here()).toEqual(["somebody", "bob", "carol"]);
  expect(bob.kinds).toEqual(["presence"]);
  world.disconnect(carol);
  world.clock.advance(1_000);
  await ada.pump();
  expect(here()).toEqual(["somebody", "bob"]);
  expect(world.sql.counts.written).toBe(written);
  expect(world.types()).toEqual(["session.created"]);
});

test("P2 who goes and comes back within the second, or has another socket, is not missed", async () => {
  const world = await SessionWorld.created();
  const ada = await world.reader(null, "reader", { subject: "ada", connectedAt: 5 });
  const tab = await world.reader(null, "reader", { subject: "bob", connectedAt: 6 });
  world.clock.advance(1_000);
  ada.take();
  world.disconnect(tab);
  await world.reader(null, "reader", { subject: "bob", connectedAt: 6 });
  world.clock.advance(1_000);
  expect(ada.kinds).toEqual([]);
});

test("P2 streams of other protocols are told nothing, and a token that has expired is nobody", async () => {
  const world = await SessionWorld.created();
  const stream = await world.reader(0, "dialect");
  expect(stream.take().at(-1)).not.toHaveProperty("presence");
  await world.reader(null, "reader", { subject: "brief", expiresAt: world.clock.now() + 500 });
  expect(names(world)).toContain("brief participant");
  world.clock.advance(1_000);
  expect(names(world)).not.toContain("brief participant");
  expect(stream.kinds).toEqual([]);
});

test("P1 fifty are named, the others are counted, and a crowd is told every ten seconds", async () => {
  const world = await SessionWorld.created();
  const first = await world.reader(null, "reader", { subject: "first", connectedAt: 1 });
  world.clock.advance(1_000);
  first.take();
  for (let n = 0; n < 60; n += 1) await world.reader(null, "reader", { subject: `p${n}` });
  expect(world.session.info().presence).toMatchObject({ count: 61 });
  expect(world.session.info().presence?.people).toHaveLength(50);
  world.clock.advance(1_000);
  first.take();
  await world.reader(null, "reader", { subject: "last" });
  world.clock.advance(9_000);
  expect(first.kinds).toEqual([]);
  world.clock.advance(1_000);
  expect(first.take()).toMatchObject([{ t: "presence", presence: { count: 62 } }]);
});

test("P3 a class may keep people from knowing of each other", async () => {
  const world = await SessionWorld.created();
  world.showsPeople = false;
  const ada = await LiveReader.connected(world);
  await world.reader(null, "reader", { subject: "bob" });
  world.clock.advance(1_000);
  await ada.pump();
  expect(ada.reader.view.presence).toBeUndefined();
  expect(world.session.info().presence).toBeNull();
});

test("P1 sockets that outlive the object's memory are still people", async () => {
  const world = await SessionWorld.created();
  const ada = await world.reader(null, "reader", { subject: "ada" });
  const bob = await world.reader(null, "reader", { subject: "bob" });
  world.clock.advance(1_000);
  world.evict();
  expect(names(world)).toEqual(["ada participant", "bob participant"]);
  ada.take();
  world.disconnect(bob);
  world.clock.advance(1_000);
  expect(ada.take()).toMatchObject([{ t: "presence", presence: { count: 1 } }]);
});
