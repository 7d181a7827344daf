import { expect, test } from "vitest";
import { consoleScene } from "./support/console-scene.ts";

const shared = consoleScene();
const { logIn, scene } = shared;

const LOGIN = { name: "Log in to Perdure" };

test("a logout ends what the browser has open in every tab, and nothing of other browsers", async () => {
  await scene.startRunner(shared.server, "left");
  const [tab, other] = [await logIn("/s/left"), await logIn("/s/left", { viewport: null })];
  await tab.untilLive();
  await other.untilLive();
  const beside = await tab.page.context().newPage();
  await beside.goto(shared.server.url);
  await beside.getByRole("button", { name: "Log out", exact: true }).click();
  await beside.getByRole("heading", LOGIN).waitFor();
  // Nobody pressed anything here: what was read stays, and nothing comes or goes any more.
  await tab.link("closed").waitFor();
  await other.send("tokens=5 rate=0");
  await other.untilIdle();
  expect(await other.page.getByRole("heading", LOGIN).count()).toBe(0);
});

test("a logout everywhere ends it in every browser", async () => {
  const [one, other] = [await logIn("/"), await logIn("/", { viewport: null })];
  await one.button("Log out everywhere").click();
  const headings = [one, other].map(({ page }) => page.getByRole("heading", LOGIN));
  for (const heading of headings) await heading.waitFor();
  expect(await Promise.all(headings.map((heading) => heading.count()))).toEqual([1, 1]);
});
