import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { signLoginToken, signToken } from "perdure/auth/tokens";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { createTestHarness } from "wrangler";
import { launchChromium } from "../../../scripts/chromium.ts";

const EXAMPLE = join(import.meta.dirname, "..");
const ROOT = join(EXAMPLE, "../..");
const SECRET = "a secret that is only good for this test";

const server = createTestHarness({
  root: EXAMPLE,
  workers: [{ configPath: "wrangler.jsonc", secrets: { PERDURE_SECRET: SECRET } }],
});

let url: URL;
let browser: Browser;
let headers: Record<string, string>;

/** A new name for each test, so that none sees what another stored. */
let id = "";

beforeAll(async () => {
  if (!existsSync(join(ROOT, "packages/perdure/dist/react/index.js")))
    throw new Error("System tests run what is built: run `npm run build` first.");
  vi.stubEnv("X_LOCAL_OBSERVABILITY", "false");
  vi.stubEnv("WRANGLER_SEND_METRICS", "false");
  vi.stubEnv("CLOUDFLARE_CF_FETCH_ENABLED", "false");
  // Wrangler runs the build where it was started, which is the example's folder for those who use it.
  process.chdir(EXAMPLE);
  vi.stubEnv("PATH", `${join(ROOT, "node_modules/.bin")}:${process.env["PATH"]}`);
  await promisify(execFile)("npm", ["run", "build"], { cwd: EXAMPLE });
  ({ url } = await server.listen());
  browser = await launchChromium();
  const token = await signToken(SECRET, {
    subject: "ada",
    session: "*",
    role: "admin",
    expiresInSeconds: 600,
  });
  headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
});

beforeEach(() => {
  id = crypto.randomUUID();
});

afterAll(async () => {
  await browser?.close();
  await server.close();
  vi.unstubAllEnvs();
  process.chdir(ROOT);
});

/** Asks the Worker as its owner. */
async function ask<T>(path: string, body?: unknown): Promise<T> {
  const init = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
  const response = await fetch(new URL(`/v1/sessions${path}`, url), { headers, ...init });
  return (await response.json()) as T;
}

/** Every message of the session, once nothing is open any more. */
async function ended() {
  await vi.waitFor(
    async () => expect(await ask(`/${id}`)).toMatchObject({ status: "idle", turns: [] }),
    { timeout: 30_000, interval: 50 },
  );
  const { messages } = await ask<{ readonly messages: readonly { readonly message: unknown }[] }>(
    `/${id}/messages`,
  );
  return messages.map(({ message }) => message);
}

/** A page that has logged in. */
async function open(): Promise<Page> {
  const page = await browser.newPage();
  const login = new URL("/login", url);
  login.searchParams.set("token", await signLoginToken(SECRET, "ada"));
  login.searchParams.set("next", "/");
  await page.goto(login.href);
  await page.goto(new URL(`/#${id}`, url).href);
  await page.reload();
  return page;
}

const say = async (page: Page, text: string) => {
  await page.getByLabel("Message").fill(text);
  await page.getByRole("button", { name: "Send" }).click();
};

const answer = (page: Page) => page.locator("li.assistant").last();

test("a prompt is answered, and the answer is stored", async () => {
  await ask("", { id });
  await ask(`/${id}/messages`, { id: "p", text: "Good morning" });
  expect(await ended()).toMatchObject([
    { id: "p", role: "user" },
    {
      role: "assistant",
      parts: [{ type: "step-start" }, { type: "text", text: "You said: Good morning" }],
    },
  ]);
});

test("an email is sent once somebody has said so, also where the session has lost its memory meanwhile", async () => {
  await ask("", { id });
  await ask(`/${id}/messages`, { id: "p", text: "Send an email" });
  await vi.waitFor(async () => expect(await ask(`/${id}`)).toMatchObject({ status: "waiting" }));
  await server.getWorker().evictDurableObject("ChatSession", { name: id });
  const { approvals } = await ask<{ readonly approvals: readonly { readonly approval: string }[] }>(
    `/${id}/approvals?state=pending`,
  );
  await ask(`/${id}/approvals/${approvals[0]?.approval}`, { option: "allow" });
  const messages = await ended();
  expect(messages.at(-1)).toMatchObject({
    parts: [
      { type: "step-start" },
      { type: "tool-sendEmail", output: "sent" },
      { type: "step-start" },
      { text: "That is what became of the email." },
    ],
  });
});

test("on the page one types, reads along, reloads in mid-sentence and stops", async () => {
  const page = await open();
  const long = Array.from({ length: 400 }, (_, index) => `word${index}`).join(" ");
  await say(page, long);
  await answer(page).getByText("word3").waitFor();
  await page.reload();
  await answer(page).getByText("word20").waitFor();
  await page.getByRole("button", { name: "Stop" }).click();
  await page.getByText("idle").waitFor();
  const text = await answer(page).innerText();
  expect(`You said: ${long}`.startsWith(text)).toBe(true);
  expect(text).not.toContain("word399");
});

test("on the page a question is answered", async () => {
  const page = await open();
  await say(page, "An email to Bob, please");
  await page.getByRole("group", { name: "Send an email to bob@example.com" }).waitFor();
  await page.getByRole("button", { name: "Reject" }).click();
  await answer(page).getByText("That is what became of the email.").waitFor();
  expect(await answer(page).innerText()).toContain("The user did not want it sent.");
});

test("the Worker builds for a deploy", async () => {
  const { stdout } = await promisify(execFile)("wrangler", ["deploy", "--dry-run"], {
    cwd: EXAMPLE,
    env: process.env,
  });
  expect(stdout).toContain("env.SESSION_DO (ChatSession)");
  expect(stdout).toContain("env.ASSETS");
});
