import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { demoText } from "../../cli/src/demo-agent/text.ts";
import { until } from "../../cli/test-system/support/until.ts";
import { allSnippets } from "../test/docs/snippets.ts";
import { buildPage, serve } from "./react-page/react-page.ts";
import { reactScene } from "./react-page/react-scene.ts";

const shared = reactScene();
const { scene, open } = shared;

test("U1 one line is the whole connection: the page's origin, its cookie, and a talk with an agent", async () => {
  await scene.startRunner(shared.server, "chat");
  const tab = await open({ name: "chat" });
  await tab.untilLive();
  await tab.send("tokens=20 rate=0");
  await until("it is answered", async () => (await tab.messages.count()) === 2);
  await tab.untilStatus("idle");
  expect(await tab.messages.allTextContents()).toEqual([
    "tokens=20 rate=0",
    demoText("tokens=20 rate=0", 20),
  ]);
  expect(tab.sockets.map((socket) => socket.url())).toEqual([
    `${shared.server.url.replace("http", "ws")}/v1/sessions/chat/ws`,
  ]);
  expect(tab.errors).toEqual([]);
});

test("U4 a session is created on first use, and what was sent before it existed is answered", async () => {
  const tab = await open({ name: "first-use", view: "Eager" });
  await tab.untilLive();
  await tab.page.locator('li:not([data-pending="true"])').waitFor();
  await scene.startRunner(shared.server, "first-use");
  const answer = demoText("tokens=5 rate=0 at once", 5);
  await until("it is answered", async () => (await tab.lastText()) === answer);
  expect(await tab.messages.allTextContents()).toEqual(["tokens=5 rate=0 at once", answer]);
  // One that found nothing, and one that stayed.
  expect(tab.sockets).toHaveLength(2);
  expect(tab.errors).toEqual([]);
});

test("U4 a page that is reloaded while its session cannot be created keeps what was sent", async () => {
  let refusals = 0;
  const tab = await open({ name: "kept" }, async (page) => {
    await page.route(/\/v1\/sessions$/, async (route) => {
      refusals += 1;
      await route.fulfill({ status: 503 });
    });
  });
  await until("its creation was refused", () => refusals > 0);
  await tab.send("tokens=5 rate=0 kept");
  await tab.page.locator('li[data-pending="true"]').waitFor();
  expect(await tab.page.locator("main").getAttribute("data-link")).toBe("connecting");
  await tab.page.unroute(/\/v1\/sessions$/);
  await tab.page.reload();
  await tab.untilLive();
  await tab.page.locator('li:not([data-pending="true"])').waitFor();
  expect(await tab.messages.allTextContents()).toEqual(["tokens=5 rate=0 kept"]);
});

test("U4 without the right to create, the page says so and shows no prompt", async () => {
  const token = await scene.token("participant");
  const tab = await open({ name: "not-mine", view: "Eager", token });
  await tab.alert.waitFor();
  expect(await tab.alert.innerText()).toBe(
    'forbidden: There is no session "not-mine", and this token may not create it.',
  );
  expect(await tab.messages.count()).toBe(0);
  expect(tab.sockets).toHaveLength(1);
});

test("U5 a prompt is shown before the session has answered, and is the same element afterwards", async () => {
  const held = Promise.withResolvers<void>();
  await shared.server.api.post("/v1/sessions", { id: "optimistic" });
  const tab = await open({ name: "optimistic" }, (page) =>
    page.routeWebSocket(/\/ws$/, (socket) => {
      const server = socket.connectToServer();
      socket.onMessage(async (frame) => {
        if (String(frame).includes('"op":"prompt"')) await held.promise;
        server.send(frame);
      });
    }),
  );
  await tab.untilLive();
  await tab.send("hello");
  const pending = tab.page.locator('li[data-pending="true"]');
  await pending.waitFor();
  await tab.untilStatus("queued");
  await pending.evaluate((element) => element.setAttribute("data-marked", ""));
  held.resolve();
  await pending.waitFor({ state: "detached" });
  const marked = tab.page.locator("li[data-marked]");
  expect([await marked.innerText(), await tab.messages.count()]).toEqual(["hello", 1]);
  expect(tab.errors).toEqual([]);
});

test("U6 a refused prompt goes again, and the page says why until the next one", async () => {
  await shared.server.api.post("/v1/sessions", { id: "refused" });
  const tab = await open({ name: "refused", token: await scene.token("viewer") });
  await tab.untilLive();
  const counts = await tab.page.evaluate(() => {
    const seen = [0];
    const list = document.querySelector("ol");
    if (list !== null)
      new MutationObserver(() => seen.push(list.childElementCount)).observe(list, {
        childList: true,
      });
    return ((globalThis as { seen?: number[] }).seen = seen);
  });
  expect(counts).toEqual([0]);
  await tab.send("may I?");
  await tab.alert.waitFor();
  expect(await tab.alert.innerText()).toMatch(/^forbidden: /);
  expect(await tab.page.evaluate(() => (globalThis as { seen?: number[] }).seen)).toEqual([
    0, 1, 0,
  ]);
  await tab.untilStatus("idle");
  expect(tab.errors).toEqual([]);
});

test("U12 a page that is reloaded in mid-text goes on where it was", async () => {
  const prompt = "tokens=300 rate=60";
  await scene.startRunner(shared.server, "reloaded");
  const tab = await open({ name: "reloaded" });
  await tab.untilLive();
  await tab.send(prompt);
  const shown = [...(await tab.watchText(200))];
  await tab.page.reload();
  shown.push(...(await tab.watchText(500)));
  await tab.untilStatus("idle");
  const whole = demoText(prompt, 300);
  expect(shown.filter((text) => !whole.startsWith(text))).toEqual([]);
  expect(await tab.messages.allTextContents()).toEqual([prompt, whole]);
  expect(tab.errors).toEqual([]);
});

test("U13 an approval is answered from the page", async () => {
  const { files } = await scene.startRunner(shared.server, "asked");
  const tab = await open({ name: "asked" });
  await tab.untilLive();
  await tab.send("tokens=5 rate=0 edit");
  await tab.untilStatus("waiting");
  await tab.button("Allow once").click();
  await tab.untilStatus("idle");
  expect(await tab.button("Allow once").count()).toBe(0);
  expect(readFileSync(join(files, "notes.md"), "utf8")).toContain("Note from the demo agent.");
  expect(tab.errors).toEqual([]);
});

test("U1 the chat of the guide works as it stands there", async () => {
  const folder = join(import.meta.dirname, "dist");
  const { code = "" } = allSnippets().find(({ file }) => file === "chat.tsx") ?? {};
  mkdirSync(folder, { recursive: true });
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, "chat.tsx"), code);
  writeFileSync(
    join(folder, "main.tsx"),
    `import { createRoot } from "react-dom/client";
    import { Chat } from "./chat.tsx";
    createRoot(document.getElementById("root")).render(<Chat name="guide" />);`,
  );
  const script = await buildPage(join(folder, "main.tsx"));
  await scene.startRunner(shared.server, "guide");
  const tab = await open({ name: "guide" }, (page) => serve(page, shared.server, script));
  await tab.send("tokens=5 rate=0 edit");
  await tab.button("Allow once").click();
  const texts = tab.page.locator("p[data-role]");
  await until("it is answered", async () =>
    (await texts.last().innerText()).endsWith("I added a line to **notes.md**."),
  );
  expect(await texts.first().innerText()).toBe("tokens=5 rate=0 edit");
  expect(tab.errors).toEqual([]);
});

test("Stop cancels the turn", async () => {
  await scene.startRunner(shared.server, "stopped");
  const tab = await open({ name: "stopped" });
  await tab.untilLive();
  await tab.send("tokens=2000 rate=60");
  await tab.watchText(50);
  await tab.button("Stop").click();
  await tab.untilStatus("idle");
  expect((await tab.lastText()).length).toBeLessThan(demoText("tokens=2000 rate=60", 2000).length);
});
