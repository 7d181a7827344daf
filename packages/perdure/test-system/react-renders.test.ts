import { expect, test } from "vitest";
import { demoText } from "../../cli/src/demo-agent/text.ts";
import { until } from "../../cli/test-system/support/until.ts";
import { reactScene } from "./react-page/react-scene.ts";

const shared = reactScene();
const { scene, open } = shared;

test("U9 while text streams, a component renders again only when what it selected is another value", async () => {
  const prompt = "tokens=100 rate=60";
  await scene.startRunner(shared.server, "counted");
  const tab = await open({ name: "counted", view: "Counts" });
  await tab.untilLive();
  const before = await tab.renders();
  expect(before).toMatchObject({ length: 1, status: 1, ids: 1, send: 1 });

  await tab.send(prompt);
  await until("it is answered", async () => (await tab.lastText()) === demoText(prompt, 100));
  await tab.untilStatus("idle");
  const after = await tab.renders();
  // The prompt, and its answer: two messages. Queued, running, idle: three changes. Nothing for a composer.
  expect(after).toMatchObject({ length: 3, status: 4, ids: 3, send: 1 });
  // A token at a time, or now and then two.
  expect((after["whole"] ?? 0) - (before["whole"] ?? 0)).toBeGreaterThan(20);
  expect(tab.errors).toEqual([]);
});

test("U8 no two components ever show different states, also where a slow render is interrupted", async () => {
  const prompt = "tokens=150 rate=60";
  await scene.startRunner(shared.server, "torn");
  const tab = await open({ name: "torn", view: "Many" });
  await until("it is live", () => tab.sockets.length === 1);
  await tab.page.evaluate(() => {
    const torn: string[][] = [];
    Object.assign(globalThis, { torn, looks: 0 });
    const look = () => {
      const texts = new Set([...document.querySelectorAll(".echo")].map((one) => one.textContent));
      (globalThis as unknown as { looks: number }).looks += 1;
      if (texts.size > 1) torn.push([...texts]);
    };
    const root = document.getElementById("root");
    if (root !== null)
      new MutationObserver(look).observe(root, {
        childList: true,
        subtree: true,
        characterData: true,
      });
  });
  await tab.send(prompt);
  const echo = tab.page.locator(".echo");
  await until("text has begun", async () => (await echo.first().innerText()).includes("streaming"));
  await tab.button("More").click();
  await until("all are there", async () => (await echo.count()) === 300);
  await until("the text is whole", async () =>
    (await echo.last().innerText()).includes(JSON.stringify(demoText(prompt, 150))),
  );
  const [torn, looks] = await tab.page.evaluate(() => {
    const { torn, looks } = globalThis as unknown as { torn: string[][]; looks: number };
    return [torn, looks] as const;
  });
  expect(torn).toEqual([]);
  expect(looks).toBeGreaterThan(10);
  expect(tab.sockets).toHaveLength(1);
});

test("U2 a session has one socket, under StrictMode and with five components", async () => {
  await shared.server.api.post("/v1/sessions", { id: "strict" });
  const tab = await open({ name: "strict", view: "Counts", strict: "yes" });
  await tab.untilLive();
  await tab.send("hello");
  await tab.page.locator('li:not([data-pending="true"])').waitFor();
  expect(tab.sockets).toHaveLength(1);
  expect(tab.sockets[0]?.isClosed()).toBe(false);
  expect(tab.errors).toEqual([]);
});

test("U3 the socket outlives the component for a while, and then is closed", async () => {
  await shared.server.api.post("/v1/sessions", { id: "hidden" });
  const tab = await open({ name: "hidden", view: "Hideable", strict: "yes" });
  await until("it has connected", () => tab.sockets.length === 1);
  await tab.button("Toggle").click();
  await tab.button("Toggle").click();
  await tab.button("Toggle").click();
  expect(tab.sockets[0]?.isClosed()).toBe(false);
  await until("it is closed", () => tab.sockets[0]?.isClosed());
  await tab.button("Toggle").click();
  await until("it has connected again", () => tab.sockets.length === 2);
  expect(tab.errors).toEqual([]);
});

test("U11 a component that waits shows its fallback, and then the session as it is", async () => {
  const { api } = shared.server;
  await api.post("/v1/sessions", { id: "waiting" });
  const held = Promise.withResolvers<void>();
  const tab = await open({ name: "waiting", view: "Waiting", strict: "yes" }, (page) =>
    page.routeWebSocket(/\/ws$/, (socket) => {
      const server = socket.connectToServer();
      socket.onMessage(async (frame) => {
        await held.promise;
        server.send(frame);
      });
    }),
  );
  await tab.page.getByText("Loading").waitFor();
  held.resolve();
  const loaded = tab.page.locator("[data-loaded]");
  await loaded.waitFor();
  expect(await loaded.innerText()).toBe("live 0");
  expect(await tab.page.getByText("Loading").count()).toBe(0);
  expect(tab.errors).toEqual([]);
});

test("U11 what keeps a session from coming is for an error boundary, which may try again", async () => {
  const tab = await open({ name: "later", view: "Waiting", create: "false" });
  await tab.alert.waitFor();
  await shared.server.api.post("/v1/sessions", { id: "later" });
  await until("the session is there", async () => {
    if ((await tab.button("Again").count()) > 0) await tab.button("Again").click();
    return (await tab.page.locator("[data-loaded]").count()) > 0;
  });
  expect(await tab.page.locator("[data-loaded]").innerText()).toBe("live 0");
});

test("U10 a page takes over what a server drew, without a warning, and goes live", async () => {
  const tab = await open({ name: "hydrated", hydrate: "yes", strict: "yes" });
  await tab.untilLive();
  await tab.send("hello");
  await tab.page.locator('li:not([data-pending="true"])').waitFor();
  expect(await tab.messages.allTextContents()).toEqual(["hello"]);
  expect(tab.errors).toEqual([]);
});

test("U10 a component that waits comes as its fallback, and then goes live", async () => {
  const tab = await open({ name: "fallback", view: "Waiting", hydrate: "yes" });
  await tab.page.locator("[data-loaded]").waitFor();
  expect(await tab.page.locator("[data-loaded]").innerText()).toBe("live 0");
});
