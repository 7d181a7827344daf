import { expect, onTestFinished, test } from "vitest";
import { GatewayScene } from "../../../packages/cli/test-system/support/gateway-scene.ts";
import { launchChromium } from "../../../scripts/chromium.ts";
import { ConsolePage, newPerson } from "./support/console-page.ts";

test("a session whose gateway refuses says so, and one press has it called once more", async () => {
  const world = await GatewayScene.open();
  onTestFinished(() => world.scene.end());
  const browser = await launchChromium();
  onTestFinished(() => browser.close());
  await world.startGateway("--agent", "demo");
  await world.server.api.post("v1/sessions", { id: "s1", gateway: { agent: "other" } });
  const person = await newPerson(browser);
  const tab = await ConsolePage.open(person, `${world.server.loginUrl}&next=/s/s1`);
  await tab.untilLive();
  await tab.send("tokens=3 rate=0");
  const notice = tab.page.getByRole("region", { name: "No runner" });
  await notice.getByText("No runner could be woken").waitFor();
  expect(await notice.innerText()).toContain("HTTP status 404");
  const [answer] = await Promise.all([
    tab.page.waitForResponse(`${world.server.url}/v1/sessions/s1/wake`),
    tab.button("Try again").click(),
  ]);
  expect(answer.status()).toBe(200);
  expect(tab.errors).toEqual([]);
});
