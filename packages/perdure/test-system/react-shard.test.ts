import { fileURLToPath } from "node:url";
import type { Browser, Page } from "playwright-core";
import { createElement, StrictMode } from "react";
import { renderToString } from "react-dom/server";
import { ShardClient } from "perdure/client";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { launchChromium } from "../../../scripts/chromium.ts";
import { until } from "../../cli/test-system/support/until.ts";
import type { Board } from "../test/shard-client/board.ts";
import { ShardServer } from "../test/shard-client/shard-server.ts";
import { buildPage } from "./react-page/react-page.ts";
import { ShardPage } from "./react-page/shard-views.tsx";

const ORIGIN = "http://board.localhost";

let browser: Browser;
let script: string;
const pages: Page[] = [];

beforeAll(async () => {
  const entry = fileURLToPath(new URL("react-page/shard-main.tsx", import.meta.url));
  [browser, script] = await Promise.all([launchChromium(), buildPage(entry)]);
});

afterEach(async () => {
  for (const page of pages.splice(0)) await page.close();
});

afterAll(() => browser.close());

/** A page of a board whose shard is in this process; its sockets end there. */
async function open(drawn = "") {
  const server = new ShardServer();
  for (const id of ["one", "two"]) add(server, id);
  const page = await browser.newPage();
  pages.push(page);
  const errors: string[] = [];
  page.on("pageerror", (error) => errors.push(String(error)));
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) errors.push(message.text());
  });
  await page.routeWebSocket(/\/shard\/ws/, (socket) => {
    const line = new server.WebSocket(socket.url()) as ShardServer["connection"];
    const opened = new Promise((resolve) => line.addEventListener("open", resolve));
    line.addEventListener("message", (event) =>
      socket.send(String((event as MessageEvent<unknown>).data)),
    );
    line.addEventListener("close", () => void socket.close({ code: 4500 }));
    socket.onMessage(async (text) => {
      await opened;
      if (line.isOpen) line.send(text);
    });
    socket.onClose(() => line.drop());
  });
  const html = `<!doctype html><meta charset="utf-8"><title>Board</title><link rel="icon" href="data:,">
<div id="root">${drawn}</div><script type="module">${script.replaceAll("</script", "<\\/script")}</script>`;
  await page.route(`${ORIGIN}/*`, (route) =>
    route.fulfill({ contentType: "text/html", body: html }),
  );
  await page.goto(ORIGIN);
  const titles = () => page.locator("li").allTextContents();
  const button = (name: string | RegExp) => page.getByRole("button", { name });
  await page.locator('main[data-status="live"]').waitFor({ state: "attached" });
  return { server, page, errors, titles, button };
}

const add = (server: ShardServer, id: string, board = "b") =>
  server.call("addTask", { board, id, title: id });

test("U19 all that ask for the same share one subscription, under StrictMode, which ends a second after the last has gone", async () => {
  const { server, errors, button } = await open();
  const asked = () => server.connection.all("subscribe").map(({ functionPath }) => functionPath);
  expect(asked()).toEqual(["queries.tasks", "queries.count"]);
  await button("More").click();
  await until("all are there", async () => (await pages[0]?.locator(".echo").count()) === 300);
  expect(asked()).toHaveLength(2);
  await button("Other").click();
  await until("the other board is asked for", () => asked().length === 3);
  await button("Toggle").click();
  await until(
    "it is not followed any more",
    () => server.connection.all("unsubscribe").length === 1,
  );
  expect(server.connections).toHaveLength(1);
  expect(errors).toEqual([]);
});

test("U20 a row that did not change is not rendered again, whatever changes beside it and over a lost link", async () => {
  const { server, page, errors, titles } = await open();
  server.call("change", { id: "two", title: "2" });
  await until("it is shown", async () => (await titles()).join() === "one,2");
  server.connection.drop();
  add(server, "three");
  await page.locator('main[data-status="stale"]').waitFor({ state: "attached" });
  await until("it is shown", async () => (await titles()).join() === "one,three,2");
  const renders = await page.evaluate(() => globalThis.rowRenders);
  // StrictMode renders twice, and what is new first of all.
  expect(renders["two"]).toBe(2 * (renders["one"] ?? 0));
  expect(renders["three"]).toBe(renders["one"]);
  expect(errors).toEqual([]);
});

test("U20 no two components ever show different results, of one query or of two, also where a slow render is interrupted", async () => {
  const { server, page, errors, button } = await open();
  await page.evaluate(() => {
    const torn: string[][] = [];
    Object.assign(globalThis, { torn, looks: 0 });
    const look = () => {
      const texts = new Set([...document.querySelectorAll(".echo")].map((one) => one.textContent));
      (globalThis as unknown as { looks: number }).looks += 1;
      const isOdd = [...texts].some((text) => new Set(text.split(" ")).size > 1);
      if (texts.size > 1 || isOdd) torn.push([...texts]);
    };
    const root = document.getElementById("root");
    if (root !== null)
      new MutationObserver(look).observe(root, {
        childList: true,
        subtree: true,
        characterData: true,
      });
  });
  await button("More").click();
  for (let index = 0; index < 20; index += 1) {
    add(server, `more ${index}`);
    // So that some come amid the slow render.
    await new Promise((resolve) => setTimeout(resolve, 40));
  }
  const echo = page.locator(".echo");
  await until("all are there", async () => (await echo.count()) === 300);
  await until("all is shown", async () => (await echo.last().innerText()) === "22 22");
  const [torn, looks] = await page.evaluate(() => {
    const { torn, looks } = globalThis as unknown as { torn: string[][]; looks: number };
    return [torn, looks] as const;
  });
  expect(torn).toEqual([]);
  expect(looks).toBeGreaterThan(5);
  expect(errors).toEqual([]);
});

test("U21 a page takes over what a server drew, without a warning, and goes live", async () => {
  const client = new ShardClient<Board>({ url: `${ORIGIN}/shard` });
  const drawn = renderToString(createElement(StrictMode, {}, createElement(ShardPage, { client })));
  expect(drawn).toContain('data-status="loading"');
  const { titles, errors } = await open(drawn);
  expect(await titles()).toEqual(["one", "two"]);
  expect(errors).toEqual([]);
});

test("U23 what a mutation does is shown at once, and stays", async () => {
  const { server, page, errors, titles, button } = await open();
  const held = holdCalls(server);
  await button("Add").click();
  expect(await titles()).toEqual(["one", "two", "mine"]);
  expect(await page.locator("main").getAttribute("data-pending")).toBe("1");
  held.release();
  await page.locator('main[data-pending="0"]').waitFor({ state: "attached" });
  expect(await titles()).toEqual(["one", "two", "mine"]);
  expect(await page.evaluate(() => globalThis.mutates.size)).toBeLessThanOrEqual(2);
  expect(errors).toEqual([]);
});

test("U23 a mutation that is refused is taken back, and says why until the next call", async () => {
  const { server, page, errors, titles, button } = await open();
  const held = holdCalls(server);
  await button("Refused").click();
  expect(await titles()).toEqual(["one", "two", ""]);
  held.release();
  await page.getByText("A task has a title.").waitFor();
  expect(await titles()).toEqual(["one", "two"]);
  await button("Add").click();
  await until("it is added", async () => (await titles()).length === 3);
  expect(await page.getByRole("alert").count()).toBe(0);
  expect(errors).toEqual([]);
});

test("U24 nothing is asked for with `skip`, and another query where the arguments are others", async () => {
  const { server, titles, button } = await open();
  add(server, "elsewhere", "c");
  server.identity = { subject: "ada" };
  expect(await button(/^Me/).innerText()).toBe("Me idle undefined");
  await button(/^Me/).click();
  await button("Me live null").waitFor();
  await button("Other").click();
  await until("the other board is shown", async () => (await titles()).join() === "elsewhere");
});

/** Calls arrive, and nobody hears of it before they are released. */
function holdCalls(server: ShardServer): { release(): void } {
  const { take } = server;
  const held: (() => void)[] = [];
  server.take = (connection, text) => {
    if (text.includes('"t":"call"')) held.push(() => take.call(server, connection, text));
    else take.call(server, connection, text);
  };
  return {
    release: () => {
      server.take = take;
      for (const go of held) go();
    },
  };
}
