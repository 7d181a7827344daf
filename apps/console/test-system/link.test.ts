import { expect, test } from "vitest";
import { demoText } from "../../../packages/cli/src/demo-agent/text.ts";
import { until } from "../../../packages/cli/test-system/support/until.ts";
import { ConsolePage } from "./support/console-page.ts";
import { consoleScene } from "./support/console-scene.ts";
import { storedMessages, storedReplies } from "./support/stored-messages.ts";

const shared = consoleScene();
const { scene, logIn } = shared;

test("while workerd is gone the page says that it reconnects, keeps what it showed, and then has all", async () => {
  const { server } = shared;
  const prompt = "tokens=300 rate=60";
  const whole = demoText(prompt, 300).replaceAll(/\s/g, "");
  await scene.startRunner(server, "killed");
  const tab = await logIn("/s/killed");
  await tab.untilLive();
  await tab.send(prompt);
  const [before = ""] = (await tab.watchText(300)).slice(-1);

  const isOffline = tab.link("offline").waitFor();
  await scene.killWorkerd();
  await isOffline;
  expect(await tab.link("offline").innerText()).toBe("Reconnecting");
  expect(await tab.shownText()).toSatisfy((shown: string) => shown.startsWith(before));
  await tab.untilLive();
  const after = await tab.watchText(whole.length);
  expect(after.filter((shown) => !whole.startsWith(shown))).toEqual([]);
  await tab.untilIdle();

  expect(await storedReplies(server, "killed")).toEqual([demoText(prompt, 300)]);
  expect(await tab.transcript()).toEqual(await storedMessages(server, "killed"));
  expect(tab.errorsBesideOutages).toEqual([]);
});

test("a prompt typed while the server is down survives the tab and runs exactly once", async () => {
  const { person, server: before } = shared;
  const prompt = "tokens=10 rate=0 typed in the dark";
  await scene.startRunner(before, "dark");
  const tab = await logIn("/s/dark");
  await tab.untilLive();
  await before.program.end("SIGTERM");
  await tab.link("offline").waitFor();
  await tab.send(prompt);
  const sending = tab.page.locator("[data-sending]");
  await sending.waitFor();
  expect(await sending.innerText()).toContain(prompt);
  expect(tab.errorsBesideOutages).toEqual([]);
  await tab.page.close();

  const server = await scene.startServer({ port: before.port });
  expect(await storedMessages(server, "dark")).toEqual([]);
  const url = `${server.url}/s/dark`;
  // The page comes and its socket does not: what it shows is what the closed tab left behind.
  const next = await ConsolePage.open(person, url, (page) =>
    page.routeWebSocket(/\/ws$/, (socket) => socket.close()),
  );
  await next.page.locator("[data-sending]").waitFor();
  expect(await next.page.locator("[data-sending]").innerText()).toContain(prompt);
  await next.page.close();

  const last = await ConsolePage.open(person, url);
  await last.untilIdle();
  await until("the prompt is answered", async () => (await storedReplies(server, "dark")).length);
  await last.page.reload();
  await last.untilIdle();
  expect(await storedReplies(server, "dark")).toEqual([demoText(prompt, 10)]);
  expect(await last.transcript()).toEqual(await storedMessages(server, "dark"));
  expect(last.errorsBesideOutages).toEqual([]);
});
