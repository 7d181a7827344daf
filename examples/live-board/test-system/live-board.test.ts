import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { cp, mkdir, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { signLoginToken } from "perdure/auth/tokens";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { WranglerDev } from "../../../packages/cli/test-system/support/wrangler-dev.ts";
import { launchChromium } from "../../../scripts/chromium.ts";

const EXAMPLE = join(import.meta.dirname, "..");
const ROOT = join(EXAMPLE, "../..");
const COPIED = [
  "dev-login.mjs",
  "package.json",
  "page",
  "src",
  "tsconfig.json",
  "vite.config.ts",
  "wrangler.jsonc",
];

/** A copy: each start builds the page, and other tests start the example, too. */
let folder = "";
let storage = "";
let server: WranglerDev;
let browser: Browser;

beforeAll(async () => {
  if (!existsSync(join(ROOT, "packages/perdure/dist/shard/index.js")))
    throw new Error("System tests run what is built: run `npm run build` first.");
  vi.stubEnv("X_LOCAL_OBSERVABILITY", "false");
  vi.stubEnv("WRANGLER_SEND_METRICS", "false");
  vi.stubEnv("CLOUDFLARE_CF_FETCH_ENABLED", "false");
  vi.stubEnv("PATH", `${join(ROOT, "node_modules/.bin")}:${process.env["PATH"]}`);
  // As far from the root as the example is, because its configuration says where that is.
  await mkdir(join(ROOT, ".wrangler"), { recursive: true });
  folder = await mkdtemp(join(ROOT, ".wrangler/live-board-"));
  for (const name of COPIED) await cp(join(EXAMPLE, name), join(folder, name), { recursive: true });
  storage = join(folder, "storage");
  server = await WranglerDev.start(folder, storage);
  browser = await launchChromium();
});

afterAll(async () => {
  await browser?.close();
  await server?.stop();
  await rm(folder, { recursive: true, force: true });
  vi.unstubAllEnvs();
});

/** What the server sends a page, which a test may hold back. */
class Gate {
  #held: (() => void)[] | undefined;

  /** From now on nothing arrives; what the page sends does. */
  close(): void {
    this.#held = [];
  }

  /** What was held back arrives. */
  open(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const deliver of held) deliver();
  }

  async guard(page: Page): Promise<void> {
    await page.routeWebSocket(/\/shard\/ws/, (socket) => {
      const toServer = socket.connectToServer();
      toServer.onMessage((message) => {
        if (this.#held === undefined) socket.send(message);
        else this.#held.push(() => socket.send(message));
      });
    });
  }
}

/** A browser of somebody's own, logged in, that shows a board. */
async function open(person: string, board: string, gate?: Gate): Promise<Page> {
  const [, secret = ""] =
    /^PERDURE_SECRET=(.*)$/m.exec(readFileSync(join(folder, ".dev.vars"), "utf8")) ?? [];
  const page = await (await browser.newContext()).newPage();
  await gate?.guard(page);
  const login = new URL("/login", server.url);
  login.searchParams.set("token", await signLoginToken(secret, person));
  await page.goto(login.href);
  await show(page, board);
  return page;
}

async function show(page: Page, board: string): Promise<void> {
  await page.goto(new URL(`/#${board}`, server.url).href);
  await page.locator("a[aria-current]", { hasText: board }).waitFor();
  await isLive(page);
}

const isLive = (page: Page) => page.getByText("live", { exact: true }).waitFor();

const add = async (page: Page, title: string) => {
  await page.getByLabel("New task").fill(title);
  await page.getByRole("button", { name: "Add" }).click();
};

const move = (page: Page, title: string, list: string) =>
  page.getByRole("button", { name: `Move ${title} to ${list}` }).click();

/** Titles in a list, from top to bottom. */
const titles = (page: Page, list: string) =>
  page.getByRole("region", { name: list }).locator(".title").allInnerTexts();

const unsaved = (page: Page) => page.locator(".card.unsaved");

async function shows(
  page: Page,
  lists: Readonly<Record<"To do" | "Doing" | "Done", readonly string[]>>,
): Promise<void> {
  await vi.waitFor(
    async () =>
      expect({
        "To do": await titles(page, "To do"),
        Doing: await titles(page, "Doing"),
        Done: await titles(page, "Done"),
      }).toEqual(lists),
    { timeout: 10_000 },
  );
}

test("two browsers see the same board, and nothing of another", async () => {
  const ada = await open("ada", "launch");
  const bob = await open("bob", "launch");
  const eve = await open("eve", "garden");
  await add(ada, "Write the invitation");
  await add(bob, "Find a room");
  await shows(ada, { "To do": ["Write the invitation", "Find a room"], Doing: [], Done: [] });
  await shows(bob, { "To do": ["Write the invitation", "Find a room"], Doing: [], Done: [] });

  await move(bob, "Write the invitation", "Doing");
  await shows(ada, { "To do": ["Find a room"], Doing: ["Write the invitation"], Done: [] });
  await ada.getByRole("button", { name: "Find a room", exact: true }).click();
  await ada.getByLabel("Title").fill("Rent a room");
  await ada.getByLabel("Title").press("Enter");
  await shows(bob, { "To do": ["Rent a room"], Doing: ["Write the invitation"], Done: [] });
  const card = bob.locator(".card", { hasText: "Rent a room" });
  await card.dragTo(bob.getByRole("region", { name: "Done" }));
  await shows(ada, { "To do": [], Doing: ["Write the invitation"], Done: ["Rent a room"] });
  expect(await ada.locator(".author").allInnerTexts()).toEqual(["ada", "bob"]);
  await ada.getByRole("button", { name: "Delete Rent a room" }).click();
  await shows(bob, { "To do": [], Doing: ["Write the invitation"], Done: [] });

  await shows(eve, { "To do": [], Doing: [], Done: [] });
  for (const page of [ada, bob, eve]) await page.context().close();
});

test("a change is there at once, and is taken back when it is refused", async () => {
  const gate = new Gate();
  const ada = await open("ada", "optimism", gate);
  const bob = await open("bob", "optimism");
  for (const title of ["one", "two", "three", "four"]) await add(ada, title);
  for (const title of ["one", "two"]) await move(ada, title, "Doing");
  await shows(bob, { "To do": ["three", "four"], Doing: ["one", "two"], Done: [] });
  await vi.waitFor(async () => expect(await unsaved(ada).count()).toBe(0));

  gate.close();
  await move(ada, "three", "Doing");
  await shows(ada, { "To do": ["four"], Doing: ["one", "two", "three"], Done: [] });
  expect(await unsaved(ada).locator(".title").allInnerTexts()).toEqual(["three"]);
  await ada.getByText("1 waiting").waitFor();
  await shows(bob, { "To do": ["four"], Doing: ["one", "two", "three"], Done: [] });
  gate.open();
  await vi.waitFor(async () => expect(await unsaved(ada).count()).toBe(0));
  await shows(ada, { "To do": ["four"], Doing: ["one", "two", "three"], Done: [] });

  // The board takes three, which only the board knows.
  gate.close();
  await move(ada, "four", "Doing");
  await shows(ada, { "To do": [], Doing: ["one", "two", "three", "four"], Done: [] });
  gate.open();
  await ada.getByRole("alert").getByText("At most 3 tasks at once").waitFor();
  await shows(ada, { "To do": ["four"], Doing: ["one", "two", "three"], Done: [] });
  await shows(bob, { "To do": ["four"], Doing: ["one", "two", "three"], Done: [] });
  await ada.getByRole("button", { name: "Dismiss" }).click();
  expect(await ada.getByRole("alert").count()).toBe(0);
  expect(await unsaved(ada).count()).toBe(0);
  for (const page of [ada, bob]) await page.context().close();
});

test("what is done while the server is away is done once when it is back, in the browser that did it and in a new page", async () => {
  const ada = await open("ada", "away");
  const bob = await open("bob", "away");
  await add(ada, "Before");
  await shows(bob, { "To do": ["Before"], Doing: [], Done: [] });

  const { port } = new URL(server.url);
  await server.stop();
  await ada.getByText("offline", { exact: true }).waitFor();
  await add(ada, "Meanwhile");
  await move(ada, "Meanwhile", "Doing");
  await move(ada, "Before", "Doing");
  await shows(ada, { "To do": [], Doing: ["Meanwhile", "Before"], Done: [] });
  await ada.getByText("3 waiting").waitFor();
  await bob.getByText("offline", { exact: true }).waitFor();
  await add(bob, "Bob too");
  await bob.getByText("1 waiting").waitFor();
  // Nothing of Bob's page is left but what it has stored.
  await bob.goto("about:blank");

  server = await WranglerDev.start(folder, storage, Number(port));
  await isLive(ada);
  await show(bob, "away");
  for (const page of [ada, bob]) {
    await vi.waitFor(async () => expect(await unsaved(page).count()).toBe(0));
    await shows(page, { "To do": ["Bob too"], Doing: ["Meanwhile", "Before"], Done: [] });
    await page.reload();
    await isLive(page);
    await shows(page, { "To do": ["Bob too"], Doing: ["Meanwhile", "Before"], Done: [] });
    expect(await page.getByText("waiting").count()).toBe(0);
    await page.context().close();
  }
});

test("a change whose answer was lost with the page is made once", async () => {
  const gate = new Gate();
  const ada = await open("ada", "lost", gate);
  const bob = await open("bob", "lost");
  gate.close();
  await add(ada, "Only once");
  await shows(bob, { "To do": ["Only once"], Doing: [], Done: [] });
  await ada.getByText("1 waiting").waitFor();
  await ada.goto("about:blank");
  gate.open();
  await show(ada, "lost");
  await vi.waitFor(async () => expect(await ada.getByText("waiting").count()).toBe(0));
  await shows(ada, { "To do": ["Only once"], Doing: [], Done: [] });
  await shows(bob, { "To do": ["Only once"], Doing: [], Done: [] });
  for (const page of [ada, bob]) await page.context().close();
});

test("a small screen and keys are enough, by day and by night", async () => {
  const page = await open("ada", "small");
  await page.setViewportSize({ width: 360, height: 740 });
  const focused = () =>
    page.evaluate(() => document.activeElement?.ariaLabel ?? document.activeElement?.textContent);
  await page.getByLabel("New task").focus();
  await page.keyboard.type("A task whose title is as long as titles are at the end of a long day");
  await page.keyboard.press("Enter");
  await page.keyboard.type("Second");
  await page.keyboard.press("Enter");
  await vi.waitFor(async () => expect(await titles(page, "To do")).toHaveLength(2));
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(360);

  // Back from the field over delete to move.
  await page.keyboard.press("Shift+Tab");
  expect(await focused()).toBe("Delete Second");
  await page.keyboard.press("Shift+Tab");
  expect(await focused()).toBe("Move Second to Doing");
  await page.keyboard.press("Enter");
  await vi.waitFor(async () => expect(await titles(page, "Doing")).toEqual(["Second"]));
  // The focus has gone with the card.
  expect(await focused()).toBe("Second");
  await page.keyboard.press("Enter");
  await page.keyboard.type("Renamed");
  await page.keyboard.press("Enter");
  await vi.waitFor(async () => expect(await titles(page, "Doing")).toEqual(["Renamed"]));
  expect(await focused()).toBe("Renamed");
  await page.keyboard.press("Enter");
  await page.keyboard.type("Not this");
  await page.keyboard.press("Escape");
  expect(await titles(page, "Doing")).toEqual(["Renamed"]);

  const paper = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  await page.emulateMedia({ colorScheme: "light" });
  const day = await paper();
  await page.emulateMedia({ colorScheme: "dark" });
  expect([day, await paper()]).toEqual(["rgb(244, 242, 238)", "rgb(23, 24, 28)"]);
  await page.context().close();
});

test("nobody sees a board without a login, whatever the address says", async () => {
  const page = await (await browser.newContext()).newPage();
  await page.goto(new URL("/#launch", server.url).href);
  await page.getByRole("alert").waitFor();
  const call = await fetch(new URL("/shard/rpc", server.url), {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ functionPath: "tasks", args: { board: "launch" } }),
  });
  expect(call.status).toBe(403);
  const forged = await fetch(new URL("/login?token=ada", server.url), { redirect: "manual" });
  expect(forged.status).toBe(401);
  await page.context().close();
});

test("the Worker builds for a deploy, and nothing was complained of", async () => {
  expect(server.complaints).toEqual([]);
  const { stdout } = await promisify(execFile)("wrangler", ["deploy", "--dry-run"], {
    cwd: folder,
    env: process.env,
  });
  expect(stdout).toContain("env.Board (Board)");
});
