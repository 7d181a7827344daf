import { expect, onTestFinished, test } from "vitest";
import { consoleScene } from "../../../../apps/console/test-system/support/console-scene.ts";
import { AskingRunner } from "../support/asking-runner.ts";
import { SessionLog } from "../support/session-log.ts";
import { until } from "../support/until.ts";

const shared = consoleScene();
const { scene, logIn } = shared;

async function follow(session: string, subject?: string): Promise<SessionLog> {
  const log = await SessionLog.follow(shared.server, session, subject);
  onTestFinished(() => log.client.close());
  return log;
}

/** The server stands still meanwhile: whatever is sent, nobody hears of what the others sent. */
async function atTheSameTime<T>(act: () => Promise<T>): Promise<T> {
  const workerd = await scene.workerdPid();
  process.kill(workerd, "SIGSTOP");
  try {
    return await act();
  } finally {
    process.kill(workerd, "SIGCONT");
  }
}

test("A4: two questions asked at once and answered in reverse order each get their own answer", async () => {
  const session = "reverse";
  const runner = await AskingRunner.start(scene, { session, url: shared.server.url });
  const log = await follow(session);
  await log.client.send("write:alpha write:beta");
  const [alpha, beta] = [await log.untilOpen("write:alpha"), await log.untilOpen("write:beta")];
  await Promise.all([log.client.approve(beta, "reject"), log.client.approve(alpha, "allow")]);
  await log.nth(1, "turn.ended");

  const { asked, answered } = runner.record;
  expect(asked).toEqual(["write:alpha", "write:beta"]);
  expect(answered).toEqual(["write:beta reject", "write:alpha allow"]);
  expect(log.all("approval.decided")).toMatchObject([
    { approval: beta, option: "reject", approved: false },
    { approval: alpha, option: "allow", approved: true },
  ]);
  expect(log.outcomes).toEqual(["completed"]);
});

test("A2: of two people who answer oppositely at once one wins, the agent hears that answer alone, and the other is told", async () => {
  const session = "people";
  const runner = await AskingRunner.start(scene, { session, url: shared.server.url });
  const ada = await follow(session, "ada");
  const bob = await follow(session, "bob");
  await ada.client.send("write:gamma write:delta");
  await Promise.all(["write:gamma", "write:delta"].map((one) => bob.untilOpen(one)));
  const questions = ada.open;

  for (const [question, approval] of questions) {
    const { replies } = await atTheSameTime(async () => {
      const answers = [
        ada.client.approve(approval, "allow"),
        bob.client.approve(approval, "reject"),
      ];
      return { replies: Promise.allSettled(answers) };
    });
    const { option, by, at, position } = await until(`${question} is decided`, () =>
      ada.all("approval.decided").find((event) => event.approval === approval),
    );
    const won = { status: "fulfilled", value: { approval, option, position } };
    const code = "already_decided";
    const extra = { option, by, decidedAt: at };
    const lost = { status: "rejected", reason: expect.objectContaining({ code, extra }) };
    expect(await replies).toEqual(by === "ada" ? [won, lost] : [lost, won]);
    expect(option).toBe(by === "ada" ? "allow" : "reject");
  }
  await ada.nth(1, "turn.ended");
  const decisions = ada.all("approval.decided");
  const nameOf = (id: string) => [...questions].find(([, approval]) => approval === id)?.[0];
  expect(runner.record.answered).toEqual(
    decisions.map(({ approval, option }) => `${nameOf(approval)} ${option}`),
  );
  expect(decisions.map(({ approval }) => approval).toSorted()).toEqual(
    [...questions.values()].toSorted(),
  );
});

test("A2: of two tabs that answer oppositely at once both show the one decision, and the late one says so", async () => {
  const session = "tabs";
  const runner = await AskingRunner.start(scene, { session, url: shared.server.url });
  const log = await follow(session);
  const one = await logIn(`/s/${session}`);
  const other = await logIn(`/s/${session}`);
  const tabs = [one, other];
  await Promise.all(tabs.map((tab) => tab.untilLive()));
  await one.send("write:epsilon");
  await Promise.all(tabs.map((tab) => tab.button("Reject").waitFor()));
  await atTheSameTime(() =>
    Promise.all([
      one.button("Allow once").click(),
      other.button("Reject").click(),
      ...tabs.map((tab) => tab.page.getByText("Sending your decision…").waitFor()),
    ]),
  );
  await log.nth(1, "turn.ended");
  await Promise.all(tabs.map((tab) => tab.untilIdle()));

  const [decided, ...more] = log.all("approval.decided");
  expect(more).toEqual([]);
  expect(runner.record.answered).toEqual([`write:epsilon ${decided?.option}`]);
  const [winner, loser] = decided?.option === "allow" ? [one, other] : [other, one];
  const verdict =
    decided?.option === "allow" ? /^Allowed by .*: Allow once$/ : /^Rejected by .*: Reject$/;
  for (const tab of tabs)
    expect(await tab.page.locator(".verdict p").first().innerText()).toMatch(verdict);
  expect(await winner.page.locator(".verdict-lost").count()).toBe(0);
  expect(await loser.page.locator(".verdict-lost").innerText()).toMatch(/that came too late/);
  expect([...one.errors, ...other.errors]).toEqual([]);
});
