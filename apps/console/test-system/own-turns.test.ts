import { expect, onTestFinished, test } from "vitest";
import { Scene } from "../../../packages/cli/test-system/support/scene.ts";
import { bundleWorker } from "../../../packages/cli/test-system/support/worker-bundle.ts";
import { launchChromium } from "../../../scripts/chromium.ts";
import { ConsolePage, newPerson } from "./support/console-page.ts";

test("a session that runs its own turns asks for no runner", async () => {
  const scene = new Scene();
  onTestFinished(() => scene.end());
  const browser = await launchChromium();
  onTestFinished(() => browser.close());
  const worker = await bundleWorker("answering-worker", scene.folder);
  const server = await scene.startServer({ parameters: ["--worker", worker] });
  await server.api.post("v1/sessions", { id: "s1" });
  const person = await newPerson(browser);
  const tab = await ConsolePage.open(person, `${server.loginUrl}&next=/s/s1`, (page) =>
    page.clock.install(),
  );
  await tab.untilLive();
  await tab.send("Hello");
  await tab.page.getByText("This is message 2.", { exact: true }).waitFor();
  await tab.untilIdle();
  // Longer than a break that passes without a word.
  await tab.page.clock.runFor(5_000);
  expect(await tab.page.getByText(/no runner/i).count()).toBe(0);
  expect(tab.errors).toEqual([]);
});
