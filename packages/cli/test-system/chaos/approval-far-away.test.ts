import { setTimeout as sleep } from "node:timers/promises";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  ConsolePage,
  newPerson,
} from "../../../../apps/console/test-system/support/console-page.ts";
import { launchChromium } from "../../../../scripts/chromium.ts";
import { AskingRunner } from "../support/asking-runner.ts";
import { CutProxy } from "../support/cut-proxy.ts";
import { Scene } from "../support/scene.ts";
import { SessionLog } from "../support/session-log.ts";
import { until } from "../support/until.ts";

const HOUR_MS = 3_600_000;

/** An idle object hibernates between 9 and 12 s after its last event; the server decides when, so a test can only wait. */
const IDLE_MS = 13_000;

/** On a busy machine the first wait may have been too short. */
const ATTEMPTS = 3;

let browser: Browser;

beforeAll(async () => {
  browser = await launchChromium();
});

afterAll(() => browser.close());

/** Waits until the object has hibernated with its sockets open, which its next event tells. */
async function hibernate(log: SessionLog): Promise<void> {
  const before = log.incarnation;
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    await sleep(IDLE_MS);
    await log.client.setMeta({ attempt });
    if (log.incarnation !== before) return;
  }
}

/** Ends the object with its server, which comes back. */
async function crash(log: SessionLog, scene: Scene): Promise<void> {
  await scene.killWorkerd();
  log.client.reconnect();
  await until("the client is back", () => log.client.getState().link === "live");
  await until("the runner is back", () => log.client.getState().runner !== null);
}

test.concurrent.for([
  { how: "crashes", forget: crash },
  { how: "hibernates", forget: hibernate },
])(
  "S12, N12: the object $how, the browser is away for an hour, the runner is cut off: the answer reaches the agent once",
  async ({ forget }, { onTestFinished }) => {
    const session = "far";
    const scene = new Scene();
    onTestFinished(() => scene.end());
    const proxy = await CutProxy.open();
    onTestFinished(() => proxy.close());
    const server = await scene.startServerBehind(proxy);
    const runner = await AskingRunner.start(scene, { session, url: proxy.url });
    const log = await SessionLog.follow(server, session);
    onTestFinished(() => log.client.close());
    const person = await newPerson(browser);
    onTestFinished(() => person.close());
    const url = `${server.loginUrl}&next=/s/${session}`;
    const tab = await ConsolePage.open(person, url, (page) => page.clock.install());
    await tab.send("write:alpha");
    await log.untilOpen("write:alpha");
    const allow = tab.button("Allow once");
    await allow.waitFor();
    const before = log.incarnation;

    await person.setOffline(true);
    await tab.page.clock.fastForward(HOUR_MS);
    await tab.link("offline").waitFor();
    await forget(log, scene);
    expect(log.incarnation).not.toBe(before);
    proxy.cutOff();
    await until("the session has lost its runner", () => log.client.getState().runner === null);

    await person.setOffline(false);
    await tab.untilLive();
    expect(await tab.page.evaluate(() => Date.now())).toBeGreaterThan(Date.now() + HOUR_MS / 2);
    await allow.click();
    const { approval, option, position } = await log.nth(1, "approval.decided");
    expect(runner.record).toMatchObject({ asked: ["write:alpha"], answered: [] });

    proxy.leadTo(server.port);
    await log.nth(1, "turn.ended");
    await tab.untilIdle();
    proxy.cut();
    await until("the session has lost its runner", () => log.client.getState().runner === null);
    await until("the runner is back", () => log.client.getState().runner !== null);
    await tab.send("write:beta");
    await tab.button("Reject").click();
    await log.nth(2, "turn.ended");
    await tab.untilIdle();

    expect(runner.record).toMatchObject({
      asked: ["write:alpha", "write:beta"],
      answered: ["write:alpha allow", "write:beta reject"],
    });
    expect(option).toBe("allow");
    expect(
      log.all("approval.requested").filter((event) => event.approval === approval),
    ).toHaveLength(1);
    const begun = log.all("command.begun").filter(({ command }) => command === position);
    expect(begun).toHaveLength(1);
    expect(log.outcomes).toEqual(["completed", "completed"]);
    expect((await tab.transcript()).map(({ lines }) => lines.at(-1))).toEqual([
      "write:alpha",
      "write:alpha allow",
      "write:beta",
      "write:beta reject",
    ]);
    expect(tab.errorsBesideOutages).toEqual([]);
  },
);
