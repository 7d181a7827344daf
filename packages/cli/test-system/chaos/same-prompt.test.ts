import { storageOutboxStore } from "perdure/client";
import { expect, onTestFinished, test } from "vitest";
import { demoText } from "../../src/demo-agent/text.ts";
import { memoryStorage } from "../../../perdure/test/support/memory-storage.ts";
import { startNotedRunner } from "../support/noted-runner.ts";
import { recordSockets } from "../support/recorded-sockets.ts";
import { Scene } from "../support/scene.ts";
import { until } from "../support/until.ts";
import { Witness } from "../support/witness.ts";

const ID = "the-prompt";
const PROMPT = "tokens=50 rate=60";

test("C1, H9: a prompt posted 50 times under one id, from two tabs, over HTTP and across a reload, runs once and gets 50 identical replies", async () => {
  const scene = new Scene();
  onTestFinished(() => scene.end());
  const server = await scene.startServer();
  const { url } = server;
  const runner = startNotedRunner(scene, { url, session: "chaos" });
  await runner.ready();
  const token = await scene.token();
  // What a browser keeps for all tabs of a page.
  const outbox = storageOutboxStore(memoryStorage(), "chaos");
  const { WebSocket, connections } = recordSockets();
  const openTab = () => {
    const tab = new Witness({ url, session: "chaos", token, outbox, WebSocket });
    onTestFinished(() => tab.client.close());
    return tab;
  };
  const posted: Promise<string>[] = [];
  const overHttp = async () => {
    const response = await fetch(`${url}/v1/sessions/chaos/messages`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: JSON.stringify({ id: ID, text: PROMPT }),
    });
    expect(response.status).toBe(202);
    return response.text();
  };
  /** One frame for each: a client takes the same command as the same request until it is answered. */
  const overSocket = async (tab: Witness) =>
    JSON.stringify(await tab.client.send(PROMPT, { id: ID }));
  const inTurn = async (tab: Witness, times: number) => {
    for (let time = 0; time < times; time += 1) {
      const reply = overSocket(tab);
      posted.push(reply);
      await reply;
    }
  };

  const other = openTab();
  const closed = openTab();
  await Promise.all([other.untilLive(), closed.untilLive()]);
  posted.push(...Array.from({ length: 8 }, overHttp));
  await Promise.all([inTurn(other, 8), inTurn(closed, 8)]);
  // The tab is reloaded with a post under way; what replaces it finds that in the outbox.
  void overSocket(closed);
  closed.client.close();
  const reloaded = openTab();
  posted.push(...Array.from({ length: 8 }, overHttp));
  await Promise.all([inTurn(other, 9), inTurn(reloaded, 9)]);
  const replies = await Promise.all(posted);
  await until("the turn has ended", () => other.outcomeOf(ID));
  // A second execution would be answered before this.
  const last = await other.client.send("tokens=5 rate=0 the last");
  await until("the last prompt is answered", () =>
    [other, reloaded].every((tab) => tab.outcomeOf(last.turn)),
  );

  expect(replies).toHaveLength(50);
  expect([...new Set(replies)]).toEqual([replies[0]]);
  expect(JSON.parse(replies[0] ?? "")).toEqual({ turn: ID, position: expect.any(Number) });
  const frames = connections.flatMap(({ frames }) => frames);
  const inFrames = frames.filter((frame) => frame.t === "reply" && frame.id === ID);
  expect(inFrames.length).toBeGreaterThanOrEqual(34);
  expect(outbox.load()).toEqual([]);
  expect(runner.notes.prompts).toEqual([PROMPT, "tokens=5 rate=0 the last"]);
  for (const tab of [other, reloaded]) {
    expect(tab.events.filter(({ type }) => type === "turn.queued")).toHaveLength(2);
    expect(tab.answers).toEqual([demoText(PROMPT, 50), demoText("tokens=5 rate=0 the last", 5)]);
  }
});
