import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { demoText } from "../../../packages/cli/src/demo-agent/text.ts";
import { ConsolePage } from "./support/console-page.ts";
import { consoleScene } from "./support/console-scene.ts";
import { paragraphsOf, storedMessages, storedReplies } from "./support/stored-messages.ts";

const shared = consoleScene();
const { scene, logIn } = shared;

test("the printed URL leaves a cookie that scripts cannot read, and no token in the address", async () => {
  const { person, server } = shared;
  const page = await person.newPage();
  const response = await page.goto(`${server.loginUrl}&next=/s/none`);
  const redirect = await response?.request().redirectedFrom()?.response();
  expect(redirect?.status()).toBe(303);
  expect(page.url()).toBe(`${server.url}/s/none`);

  const cookies = await person.cookies();
  expect(cookies).toMatchObject([
    { name: `perdure_${server.port}`, httpOnly: true, sameSite: "Lax", path: "/" },
  ]);
  const [inPage, referrer, visited] = await page.evaluate(() => [
    document.cookie,
    document.referrer,
    history.length,
  ]);
  expect([inPage, referrer]).toEqual(["", ""]);
  // The blank page and this one: going back does not lead to the token.
  expect(visited).toBeLessThanOrEqual(2);
});

test("without a cookie the page says how to log in", async () => {
  const { person, server } = shared;
  const tab = await ConsolePage.open(person, `${server.url}/s/demo`);
  await tab.page.getByRole("heading", { name: "Log in to Perdure" }).waitFor();
  const [answer] = await Promise.all([
    tab.page.waitForResponse(`${server.url}/v1/sessions`),
    tab.button("Try again").click(),
  ]);
  expect(answer.status()).toBe(401);
  // The browser reports each refused request, and the page adds nothing.
  const refused = /status of 401|HTTP Authentication failed/;
  expect(tab.errors.filter((error) => !refused.test(error))).toEqual([]);
  expect(tab.errors).not.toEqual([]);
});

test("a new session is in the list, and says how to run an agent until one runs", async () => {
  const { server } = shared;
  const tab = await logIn("/");
  await tab.button("New session").click();
  await tab.untilLive();
  const session = new URL(tab.page.url()).pathname.replace("/s/", "");
  const listed = tab.page.locator(`.sessions-list a[href="/s/${session}"]`);
  expect(await listed.getAttribute("aria-current")).toBe("page");

  const notice = tab.page.getByRole("region", { name: "No runner" });
  await notice.waitFor();
  expect(await notice.innerText()).toContain(
    `perdure run --url ${server.url} --session ${session} -- <agent>`,
  );
  await scene.startRunner(server, session);
  await notice.waitFor({ state: "detached" });
  await tab.page.locator('.runner-badge [data-connected="true"]').waitFor();
  expect(tab.errors).toEqual([]);
});

test("a turn that is reloaded twice and watched in a second tab ends in one transcript everywhere", async () => {
  const { person, server } = shared;
  const prompt = "tokens=300 rate=60 edit";
  const text = demoText(prompt, 300);
  const { files } = await scene.startRunner(server, "turn");
  const one = await logIn("/s/turn");
  await one.untilLive();
  await one.send(prompt);

  const shown = [...(await one.watchText(150))];
  await one.page.reload();
  shown.push(...(await one.watchText(350)));
  const other = await ConsolePage.open(person, `${server.url}/s/turn`);
  shown.push(...(await other.watchText(500)), ...(await one.watchText(550)));
  // Shown token by token: each moment's text is a beginning of the whole.
  const whole = text.replaceAll(/\s/g, "");
  expect(shown.filter((each) => !whole.startsWith(each))).toEqual([]);
  expect(new Set(shown).size).toBeGreaterThan(10);

  const allow = one.button("Allow once");
  await allow.waitFor();
  await one.page.reload();
  await allow.waitFor();
  const edit = one.page.getByRole("region", { name: "Tool: Edit notes.md" });
  expect(await edit.getByRole("region", { name: /^Changes to/ }).innerText()).toContain(
    "Note from the demo agent.",
  );
  const otherAllow = other.button("Allow once");
  await otherAllow.waitFor();
  const notes = join(files, "notes.md");
  expect(readFileSync(notes, "utf8")).not.toContain("Note from");
  await otherAllow.click();
  await allow.waitFor({ state: "detached" });
  await Promise.all([one.untilIdle(), other.untilIdle()]);

  expect(await storedReplies(server, "turn")).toEqual([`${text}I added a line to **notes.md**.`]);
  const stored = await storedMessages(server, "turn");
  expect(stored).toEqual([
    { role: "user", lines: [prompt] },
    {
      role: "assistant",
      lines: [
        ...paragraphsOf(text),
        "[Read notes.md: Done]",
        "[Edit notes.md: Done]",
        "I added a line to notes.md.",
      ],
    },
  ]);
  expect(await one.transcript()).toEqual(stored);
  expect(await other.transcript()).toEqual(stored);
  expect(await one.transcriptMarkup()).toBe(await other.transcriptMarkup());
  expect(readFileSync(notes, "utf8")).toMatch(/\n- Note from the demo agent\.\n$/);
  expect(await one.page.locator(".verdict").innerText()).toMatch(/allow/i);
  expect([...one.errors, ...other.errors]).toEqual([]);
});

test("Stop cancels the turn, and what was said stays", async () => {
  const { server } = shared;
  const prompt = "tokens=2000 rate=60";
  await scene.startRunner(server, "stopped");
  const tab = await logIn("/s/stopped");
  await tab.untilLive();
  await tab.send(prompt);
  await tab.watchText(50);
  await tab.button("Stop").click();
  await tab.page.locator('.outcome[data-outcome="cancelled"]').waitFor();
  await tab.untilIdle();

  const [reply = ""] = await storedReplies(server, "stopped");
  expect(reply).not.toBe("");
  expect(demoText(prompt, 2000).startsWith(reply)).toBe(true);
  expect(await tab.transcript()).toEqual(await storedMessages(server, "stopped"));
  expect(tab.errors).toEqual([]);
});
