import { expect, test } from "vitest";
import { until } from "../../cli/test-system/support/until.ts";
import { reactScene } from "./react-page/react-scene.ts";

const shared = reactScene();
const { open } = shared;

test("U15 the list is shown as it changes, page by page, over one socket for all components", async () => {
  const { api } = shared.server;
  for (const id of ["a", "b", "c"]) await api.post("/v1/sessions", { id, title: `The ${id}` });
  const tab = await open({ name: "", view: "Listed", strict: "yes", hydrate: "yes" });
  const lines = () => tab.messages.allTextContents();
  await until("the first page is shown", async () => (await lines()).length === 2);
  expect(await lines()).toEqual(["The c: idle", "The b: idle"]);
  await tab.button("More").click();
  await until("all are shown", async () => (await lines()).length === 3);
  expect(await tab.button("More").count()).toBe(0);

  await api.post("/v1/sessions/a/messages", { id: "p", text: "hello" });
  await until("it has changed", async () => (await lines())[0] === "The a: running");
  await api.post("/v1/sessions", { id: "d" });
  await until("one more is shown", async () => (await lines()).length === 4);
  expect(await lines()).toEqual(["d: idle", "The a: running", "The c: idle", "The b: idle"]);
  expect(await tab.page.locator("output").innerText()).toBe("4");

  expect(tab.sockets.map((socket) => socket.url())).toEqual([
    `${shared.server.url.replace("http", "ws")}/v1/sessions`,
  ]);
  expect(tab.errors).toEqual([]);
});
