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
  if (!existsSync(join(ROOT, "packages/perdure/dist/connection/index.js")))
    throw new Error("System tests run what is built: run `npm run build` first.");
  vi.stubEnv("X_LOCAL_OBSERVABILITY", "false");
  vi.stubEnv("WRANGLER_SEND_METRICS", "false");
  vi.stubEnv("CLOUDFLARE_CF_FETCH_ENABLED", "false");
  vi.stubEnv("PATH", `${join(ROOT, "node_modules/.bin")}:${process.env["PATH"]}`);
  // As far from the root as the example is, because its configuration says where that is.
  await mkdir(join(ROOT, ".wrangler"), { recursive: true });
  folder = await mkdtemp(join(ROOT, ".wrangler/room-chat-"));
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

/** A browser of somebody's own, logged in, that shows a room. */
async function open(person: string, room: string): Promise<Page> {
  const [, secret = ""] =
    /^PERDURE_SECRET=(.*)$/m.exec(readFileSync(join(folder, ".dev.vars"), "utf8")) ?? [];
  const page = await (await browser.newContext()).newPage();
  const login = new URL("/login", server.url);
  login.searchParams.set("token", await signLoginToken(secret, person));
  await page.goto(login.href);
  await page.getByRole("link", { name: room }).click();
  await page.locator("a[aria-current]", { hasText: room }).waitFor();
  await page.getByText("live", { exact: true }).waitFor();
  return page;
}

const say = async (page: Page, text: string) => {
  await page.getByLabel("Message", { exact: true }).fill(text);
  await page.getByRole("button", { name: "Send" }).click();
};

const messages = (page: Page) => page.getByLabel("Messages").getByRole("listitem");
const said = (page: Page, text: string) => messages(page).filter({ hasText: text });
const here = (page: Page) => page.getByLabel("Here").getByRole("listitem").allInnerTexts();

test("two people see each other come, talk and go", async () => {
  const ada = await open("ada", "lobby");
  await vi.waitFor(async () => expect(await here(ada)).toEqual(["ada"]));
  const bob = await open("bob", "lobby");
  await vi.waitFor(async () => expect(await here(ada)).toEqual(["ada", "bob"]));
  await vi.waitFor(async () => expect(await here(bob)).toEqual(["ada", "bob"]));

  await say(ada, "Good morning");
  await said(bob, "Good morning").waitFor();
  await say(bob, "And to you");
  await said(ada, "And to you").waitFor();
  expect(await messages(ada).count()).toBe(2);

  // Another room is another conversation.
  const garden = await open("eve", "garden");
  await say(garden, "Nobody here");
  await said(garden, "Nobody here").waitFor();
  expect(await here(garden)).toEqual(["eve"]);
  expect(await said(ada, "Nobody here").count()).toBe(0);

  await bob.getByLabel("Your name").fill("Robert");
  await bob.getByLabel("Your name").press("Enter");
  await vi.waitFor(async () => expect(await here(ada)).toEqual(["ada", "Robert"]));
  await bob.context().close();
  await vi.waitFor(async () => expect(await here(ada)).toEqual(["ada"]));
});

test("settings and messages outlive a reload and the Worker's process, and what is said meanwhile is said once", async () => {
  const page = await open("grace", "lobby");
  await page.getByRole("button", { name: "dark" }).click();
  await page.getByLabel("Your name").fill("Grace");
  await page.getByLabel("Your name").press("Enter");
  await say(page, "Before");
  await page.getByText("You have said 1.").waitFor();
  const isKept = async (count: number) => {
    await page.locator(".app.dark").waitFor();
    await page.getByText(`You have said ${count}.`).waitFor();
    expect(await page.getByLabel("Your name").inputValue()).toBe("Grace");
    await said(page, "Before").waitFor();
  };
  await page.reload();
  await isKept(1);

  const { port } = new URL(server.url);
  await server.stop();
  await page.getByText("offline", { exact: true }).waitFor();
  await say(page, "Meanwhile");
  await page.locator("li.pending").getByText("Meanwhile").waitFor();
  server = await WranglerDev.start(folder, storage, Number(port));
  await page.getByText("live", { exact: true }).waitFor();
  await isKept(2);
  await vi.waitFor(async () => expect(await page.locator("li.pending").count()).toBe(0));
  expect(await said(page, "Meanwhile").count()).toBe(1);
  await page.reload();
  await isKept(2);
  expect(await said(page, "Meanwhile").count()).toBe(1);
});

test("nobody connects without a login, whatever the address says", async () => {
  const page = await (await browser.newContext()).newPage();
  await page.goto(new URL("/?userId=ada&token=x#lobby", server.url).href);
  await page.getByRole("alert").waitFor();
  const upgrade = await fetch(new URL("/ws?room=lobby&userId=ada", server.url));
  expect(upgrade.status).toBe(401);
  const forged = await fetch(new URL("/login?token=ada", server.url), { redirect: "manual" });
  expect(forged.status).toBe(401);
});

test("the Worker builds for a deploy, and nothing was complained of", async () => {
  expect(server.complaints).toEqual([]);
  const { stdout } = await promisify(execFile)("wrangler", ["deploy", "--dry-run"], {
    cwd: folder,
    env: process.env,
  });
  expect(stdout).toContain("env.ChatUser (ChatUser)");
  expect(stdout).toContain("env.ChatRoom (ChatRoom)");
});
