import { expect, test } from "vitest";
import type { Identity, TokenReference } from "../../src/protocol/index.ts";
import { OWNER, SessionWorld } from "../support/session-world.ts";

const HOUR = 3_600_000;

/** A person with a token that was issued now. */
function holder(world: SessionWorld, subject: string, change: Partial<TokenReference> = {}) {
  const token = { id: `token of ${subject}`, issuedAt: world.clock.now(), ...change };
  return { subject, role: "participant", expiresAt: null, token } satisfies Identity;
}

const invited = async (uses?: number) => {
  const world = await SessionWorld.created();
  const { sharing } = world.session;
  const expiresAt = world.clock.now() + HOUR;
  const invitation = await sharing.invite({ role: "viewer", expiresAt, uses }, "owner");
  return { world, invitation, expiresAt };
};

test("P4 an invitation is a record and an event, and may be accepted as often as it says", async () => {
  const { world, invitation, expiresAt } = await invited(2);
  expect(world.session.sharing.list()).toEqual([invitation]);
  expect(await world.session.sharing.join(invitation.id, "bob")).toEqual({
    invitation: invitation.id,
    role: "viewer",
    expiresAt,
  });
  world.evict();
  expect(world.session.sharing.list()).toMatchObject([{ id: invitation.id, usesLeft: 1 }]);
  await world.session.sharing.join(invitation.id, "carol");
  const late = world.session.sharing.join(invitation.id, "dan");
  await expect(late).rejects.toMatchObject({ code: "invitation_closed" });
  expect(world.session.sharing.list()).toEqual([]);
  expect(world.events().slice(1)).toMatchObject([
    { type: "session.invited", invitation: invitation.id, role: "viewer", uses: 2, by: "owner" },
    { type: "session.joined", invitation: invitation.id, subject: "bob" },
    { type: "session.joined", invitation: invitation.id, subject: "carol" },
  ]);
});

test("P4 an invitation is good until it expires, and then forgotten", async () => {
  const { world, invitation, expiresAt } = await invited();
  world.clock.advance(HOUR);
  const late = world.session.sharing.join(invitation.id, "bob");
  await expect(late).rejects.toMatchObject({ code: "invitation_closed" });
  const next = { role: "participant", expiresAt: expiresAt + HOUR } as const;
  await world.session.sharing.invite(next, "owner");
  expect(world.sql.run("SELECT role FROM invitations")).toEqual([{ role: "participant" }]);
});

test("P4 an invitation to nowhere or for ever is refused, and so is the hundred and first", async () => {
  const { world, expiresAt } = await invited();
  const { sharing } = world.session;
  for (const wrong of [world.clock.now(), world.clock.now() + 400 * 24 * HOUR])
    await expect(
      sharing.invite({ role: "viewer", expiresAt: wrong }, "owner"),
    ).rejects.toMatchObject({ code: "bad_request" });
  for (let n = 1; n < 100; n += 1) await sharing.invite({ role: "viewer", expiresAt }, "owner");
  const more = sharing.invite({ role: "viewer", expiresAt }, "owner");
  await expect(more).rejects.toMatchObject({ code: "rate_limited" });
});

test("P4 nobody joins a session that is over", async () => {
  const { world, invitation } = await invited();
  await world.command("t", { op: "terminate" });
  const late = world.session.sharing.join(invitation.id, "bob");
  await expect(late).rejects.toMatchObject({ code: "session_terminated" });
});

test("P5 a revoked token's sockets are closed at once, and it opens nothing any more", async () => {
  const world = await SessionWorld.created();
  const bob = holder(world, "bob");
  const bobs = await world.reader(null, "reader", bob);
  const others = await world.reader(null, "reader", holder(world, "carol"));
  const runner = world.connect("runner", { ...holder(world, "box"), role: "runner" });
  bobs.take();
  await world.session.sharing.revoke({ token: "token of bob" }, "owner");
  expect([bobs, others, runner].map(({ closed }) => closed?.code)).toEqual([
    4401,
    undefined,
    undefined,
  ]);
  expect(bobs.kinds).toEqual([]);
  await world.session.sharing.revoke({ token: "token of box" }, "owner");
  expect(runner.closed?.code).toBe(4401);
  world.evict();
  expect(world.connect("reader", bob).closed?.code).toBe(4401);
  expect(() => world.session.sharing.check(bob)).toThrow(
    expect.objectContaining({ code: "unauthorized" }),
  );
  expect(() => world.session.sharing.check(holder(world, "carol"))).not.toThrow();
  expect(world.events().at(-1)).toMatchObject({
    type: "session.revoked",
    token: "token of box",
    by: "owner",
  });
});

test("P5 what was on its way from a socket that was revoked is not taken", async () => {
  const world = await SessionWorld.created();
  const bobs = await world.reader(null, "reader", holder(world, "bob"));
  await world.session.sharing.revoke({ subject: "bob" }, "owner");
  const { head } = world.session.info();
  await world.send(bobs, { t: "command", id: "m", command: { op: "set-meta", patch: { a: 1 } } });
  expect(world.session.info().head).toBe(head);
});

test("P5 memory that was lost between the revocation and the closing closes sockets when it is new", async () => {
  const world = await SessionWorld.created();
  const link = await world.reader(null, "reader", holder(world, "bob"));
  const { close } = link;
  link.close = () => {};
  await world.session.sharing.revoke({ token: "token of bob" }, "owner");
  link.close = close;
  expect(link.closed).toBeUndefined();
  world.evict();
  expect(link.closed).toMatchObject({ code: 4401 });
});

test("P6 revoking an invitation takes back all that it gave, and the invitation", async () => {
  const { world, invitation } = await invited();
  const guest = holder(world, "guest:1", { invitation: invitation.id });
  const guests = await world.reader(null, "reader", guest);
  await world.session.sharing.revoke({ invitation: invitation.id }, "owner");
  expect(guests.closed?.code).toBe(4401);
  expect(world.session.sharing.list()).toEqual([]);
  const late = world.session.sharing.join(invitation.id, "bob");
  await expect(late).rejects.toMatchObject({ code: "invitation_closed" });
});

test("P6 revoking a subject takes back what was issued up to then: a later token is good, in another role", async () => {
  const world = await SessionWorld.created();
  const before = holder(world, "bob");
  const bobs = await world.reader(null, "reader", before);
  const untold = await world.reader(null, "reader", { subject: "bob" });
  world.clock.advance(1);
  await world.session.sharing.revoke({ subject: "bob" }, "owner");
  expect([bobs, untold].map(({ closed }) => closed?.code)).toEqual([4401, 4401]);
  world.clock.advance(1);
  const after = { ...holder(world, "bob"), role: "viewer" } as const;
  const again = await world.reader(null, "reader", after);
  expect(again.closed).toBeUndefined();
  expect(again.take()[0]).toMatchObject({ t: "welcome", subject: "bob", role: "viewer" });
  expect(world.connect("reader", before).closed?.code).toBe(4401);
});

test("P7 a revocation is forgotten when nothing is left that it could refuse, and a thousand are remembered", async () => {
  const { world, invitation } = await invited();
  const { sharing } = world.session;
  await sharing.revoke({ token: "short", expiresAt: world.clock.now() + 1_000 }, "owner");
  await sharing.revoke({ invitation: invitation.id }, "owner");
  await sharing.revoke({ token: "unknown" }, "owner");
  world.clock.advance(2 * HOUR);
  await sharing.revoke({ subject: "bob" }, "owner");
  const rows = world.sql.run("SELECT what FROM revocations ORDER BY what");
  expect(rows).toEqual([{ what: "subject bob" }, { what: "token unknown" }]);
  for (let n = 2; n < 1_000; n += 1) await sharing.revoke({ subject: `s${n}` }, "owner");
  const more = sharing.revoke({ subject: "one more" }, "owner");
  await expect(more).rejects.toMatchObject({ code: "too_large" });
  await sharing.revoke({ subject: "bob" }, "owner");
});

test("P5 a session that is over can still be taken from somebody, and its log does not go on", async () => {
  const world = await SessionWorld.created();
  await world.command("t", { op: "terminate" });
  const { head } = world.session.info();
  await world.session.sharing.revoke({ subject: "bob" }, "owner");
  expect(world.session.info().head).toBe(head);
  const identity = { ...OWNER, subject: "bob", token: { id: "t", issuedAt: 0 } };
  expect(() => world.session.sharing.check(identity)).toThrow("revoked");
});
