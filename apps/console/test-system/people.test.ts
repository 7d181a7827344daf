import type { BrowserContext } from "playwright-core";
import { expect, onTestFinished, test } from "vitest";
import { ConsolePage, newPerson } from "./support/console-page.ts";
import { consoleScene } from "./support/console-scene.ts";
import { outsideOfWindow } from "./support/legibility.ts";

const shared = consoleScene();

/** What the browser says by itself of the list, which is not for guests. */
const OF_THE_LIST = /\/v1\/sessions' failed: HTTP Authentication failed|401 .*\/v1\/sessions\)$/;

/** A link that invites to a session. */
async function invitationTo(session: string, role: "viewer" | "participant"): Promise<string> {
  const made = await shared.server.api.post(`v1/sessions/${session}/invitations`, { role });
  return (made as { readonly link: string }).link;
}

/** Opens an invitation, gives a name and joins. */
async function join(guest: BrowserContext, link: string, name: string): Promise<ConsolePage> {
  const tab = await ConsolePage.open(guest, link);
  await tab.page.getByLabel("Your name").fill(name);
  await tab.button("Join").click();
  await tab.untilLive();
  return tab;
}

/** Somebody else, with a browser of their own. */
async function newGuest(options: Parameters<typeof newPerson>[1] = {}): Promise<BrowserContext> {
  const browser = shared.person.browser();
  if (browser === null) throw new Error("The person has no browser.");
  const guest = await newPerson(browser, options);
  onTestFinished(() => guest.close());
  return guest;
}

test("a guest lands in the session of the invitation, takes part, and is shown to the others", async () => {
  await shared.scene.startRunner(shared.server, "shared");
  const host = await shared.logIn("/s/shared");
  await host.untilLive();
  const badge = host.page.getByRole("button", { name: /people are here/ });
  expect(await badge.count()).toBe(0);

  const phone = { viewport: { width: 390, height: 800 }, hasTouch: true, isMobile: true };
  const tab = await join(
    await newGuest(phone),
    await invitationTo("shared", "participant"),
    "Grace Hopper",
  );
  expect(new URL(tab.page.url()).pathname).toBe("/s/shared");
  await tab.send("tokens=5 rate=0 from a guest");
  await host.page.locator(".prompt-text", { hasText: "from a guest" }).waitFor();
  await tab.untilIdle();
  // The list is for those who are logged in.
  expect(await tab.page.getByRole("navigation", { name: "Sessions" }).count()).toBe(0);
  expect(await tab.page.getByRole("link", { name: "All sessions" }).count()).toBe(0);

  await badge.waitFor();
  expect(await badge.getAttribute("aria-label")).toBe("2 people are here");
  const list = host.page.getByRole("tooltip");
  expect(await list.isVisible()).toBe(false);
  await badge.focus();
  expect(await list.getByRole("listitem").allInnerTexts()).toEqual([
    expect.stringMatching(/\(you\) admin, came/),
    expect.stringMatching(/^Grace Hopper takes part, came/),
  ]);
  await host.page.keyboard.press("Escape");
  expect(await list.isVisible()).toBe(false);
  await badge.hover();
  expect(await list.isVisible()).toBe(true);

  const own = tab.page.getByRole("button", { name: "2 people are here" });
  await own.tap();
  await tab.page.getByRole("tooltip").waitFor();
  expect(await outsideOfWindow(tab.page)).toEqual([]);

  await tab.page.close();
  await badge.waitFor({ state: "detached" });
  expect(host.errors).toEqual([]);
  expect(tab.errors.filter((error) => !OF_THE_LIST.test(error))).toEqual([]);
});

test("a guest who is turned away keeps what was shown, and is told so; a new visit leads to the login", async () => {
  const { api } = shared.server;
  await api.post("v1/sessions", { id: "closed" });
  const guest = await newGuest();
  const tab = await join(guest, await invitationTo("closed", "viewer"), "Eve");
  const made = await api.get("v1/sessions/closed/invitations");
  const [invitation] = (made as { readonly invitations: readonly { readonly id: string }[] })
    .invitations;
  await api.post("v1/sessions/closed/revocations", { invitation: invitation?.id ?? "" });
  await tab.page.getByText("You are not let in any more.").waitFor();
  expect(await tab.page.getByRole("region", { name: "Session" }).count()).toBe(1);
  await tab.page.reload();
  await tab.page.getByRole("heading", { name: "Log in to Perdure" }).waitFor();
});

test("whoever was not invited sees the login page, on every page", async () => {
  await shared.server.api.post("v1/sessions", { id: "private" });
  await shared.server.api.post("v1/sessions", { id: "open" });
  const guest = await newGuest();
  const tab = await join(guest, await invitationTo("open", "viewer"), "Mallory");
  const login = tab.page.getByRole("heading", { name: "Log in to Perdure" });
  for (const path of ["/s/private", "/s/nothing", "/"]) {
    await tab.page.goto(shared.server.url + path);
    await login.waitFor();
    expect(await tab.page.getByRole("region", { name: "Session" }).count()).toBe(0);
  }
  const stranger = await ConsolePage.open(await newGuest(), `${shared.server.url}/s/open`);
  await stranger.page.getByRole("heading", { name: "Log in to Perdure" }).waitFor();
});
