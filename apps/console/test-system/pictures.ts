// Takes the pictures of the documentation, `docs/images/console*.png`: a session that waits for an approval, in both schemes.
// Run it with `npm run pictures`.
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { ROOT } from "../../../packages/cli/test-system/support/program.ts";
import type { RunningServer } from "../../../packages/cli/test-system/support/scene.ts";
import { Scene } from "../../../packages/cli/test-system/support/scene.ts";
import { launchChromium } from "../../../scripts/chromium.ts";
import { ConsolePage, newPerson } from "./support/console-page.ts";

const folder = join(ROOT, "docs/images");

/** The browser of the tests has no font of this kind, while all that people use have one. */
const monospace = "/usr/share/fonts/truetype/dejavu/DejaVuSansMono.ttf";

const scene = new Scene();
const browser = await launchChromium();
try {
  const server = await scene.startServer();
  for (const title of ["Release notes", "Sort the photos"])
    await server.api.post("v1/sessions", { title });
  await scene.startRunner(server, "garden");
  await server.api.post("v1/sessions/garden/messages", { id: "hello", text: "What can you do?" });
  await take(browser, server, "light", "console.png");
  await take(browser, server, "dark", "console-dark.png");
} finally {
  await browser.close();
  await scene.end();
}

async function take(
  browser: Browser,
  server: RunningServer,
  colorScheme: "light" | "dark",
  file: string,
): Promise<void> {
  const person = await newPerson(browser, { viewport: { width: 1200, height: 1060 }, colorScheme });
  const tab = await ConsolePage.open(person, `${server.loginUrl}&next=/s/garden`);
  await useMonospace(tab.page);
  await tab.untilLive();
  if (colorScheme === "light") await tab.send("Make a plan and edit the notes");
  await tab.button("Allow once").waitFor();
  // The list is read anew every few seconds.
  await tab.page.locator('.sessions-status[data-status="waiting"]').waitFor();
  mkdirSync(folder, { recursive: true });
  await tab.page.screenshot({ path: join(folder, file) });
  await person.close();
}

async function useMonospace(page: Page): Promise<void> {
  if (!existsSync(monospace)) return;
  const data = readFileSync(monospace).toString("base64");
  const content = `@font-face { font-family: "SF Mono"; src: url("data:font/ttf;base64,${data}"); }`;
  await page.addStyleTag({ content });
  await page.evaluate(async () => document.fonts.load('1em "SF Mono"'));
}
