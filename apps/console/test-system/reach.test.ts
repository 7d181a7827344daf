import type { BrowserContextOptions, Page } from "playwright-core";
import { expect, test } from "vitest";
import type { ConsolePage } from "./support/console-page.ts";
import { consoleScene } from "./support/console-scene.ts";
import { contrasts, outsideOfWindow } from "./support/legibility.ts";

const shared = consoleScene();

/** A session with an introduction in Markdown and a turn that waits for an approval, in a browser of its own. */
async function openWaitingTurn(
  session: string,
  options: BrowserContextOptions,
): Promise<ConsolePage> {
  await shared.scene.startRunner(shared.server, session);
  const tab = await shared.logIn(`/s/${session}`, options);
  await tab.untilLive();
  await tab.send("What can you do?");
  await tab.page.locator(".code-block").waitFor();
  await tab.untilIdle();
  await tab.send("tokens=24 plan edit");
  await tab.button("Allow once").waitFor();
  return tab;
}

/** Presses a key until an element has the focus. */
async function pressUntilFocused(page: Page, key: string, selector: string): Promise<void> {
  for (let presses = 0; presses < 60; presses += 1) {
    const isThere = await page.evaluate(
      (selector) => document.activeElement?.matches(selector) === true,
      selector,
    );
    if (isThere) return;
    await page.keyboard.press(key);
  }
  throw new Error(`${key} does not lead to ${selector}.`);
}

test("a prompt and an approval take no mouse", async () => {
  await shared.scene.startRunner(shared.server, "keys");
  const tab = await shared.logIn("/s/keys");
  const { page } = tab;
  await tab.untilLive();
  await page.locator("body").press("Tab");
  await pressUntilFocused(page, "Tab", ".skip-link");
  await page.keyboard.press("Enter");
  await pressUntilFocused(page, "Tab", "textarea");
  await page.keyboard.type("tokens=5 rate=0 edit");
  await page.keyboard.press("Enter");
  await tab.button("Allow once").waitFor();
  await pressUntilFocused(page, "Shift+Tab", '[data-option="allow_once"]');
  const outline = await page.evaluate(() => {
    const { outlineStyle } = getComputedStyle(document.activeElement ?? document.body);
    return outlineStyle;
  });
  expect(outline).not.toBe("none");
  await page.keyboard.press("Enter");
  await page.locator(".markdown", { hasText: "I added a line to" }).waitFor();
  await tab.untilIdle();
  expect(tab.errors).toEqual([]);
});

test("on a screen of 360 pixels nothing stands out sideways, and every step can be taken", async () => {
  const viewport = { width: 360, height: 740 };
  const tab = await openWaitingTurn("narrow", { viewport, hasTouch: true, isMobile: true });
  const { page } = tab;
  expect(await outsideOfWindow(page)).toEqual([]);
  await tab.button("Inspector").tap();
  await page.getByRole("complementary", { name: "Inspector" }).waitFor();
  expect(await outsideOfWindow(page)).toEqual([]);
  await tab.button("Close inspector").tap();
  await tab.button("Reject").tap();
  await page.locator(".markdown", { hasText: "because the edit was rejected" }).waitFor();
  await tab.untilIdle();
  expect(await outsideOfWindow(page)).toEqual([]);
  await page.getByRole("link", { name: "All sessions" }).tap();
  await page.getByRole("link", { name: /What can you do/ }).waitFor();
  expect(await outsideOfWindow(page)).toEqual([]);
  expect(tab.errors).toEqual([]);
});

test.each(["light", "dark"] as const)("in the %s scheme each text is legible", async (scheme) => {
  const viewport = { width: 1200, height: 860 };
  const tab = await openWaitingTurn(scheme, { viewport, colorScheme: scheme });
  const { page } = tab;
  expect(await outsideOfWindow(page)).toEqual([]);
  expect(await page.locator(".diff-line[data-kind=added]").count()).toBe(1);

  const texts = await contrasts(page);
  expect(texts.length).toBeGreaterThan(20);
  // WCAG 2.2, 1.4.3, for text of normal size.
  expect(texts.filter(({ contrast }) => contrast < 4.5)).toEqual([]);
  expect(tab.errors).toEqual([]);
});
