import { setTimeout as sleep } from "node:timers/promises";
import type { TestContext } from "vitest";
import { afterAll, beforeAll, expect, test } from "vitest";
import { demoText } from "../../src/demo-agent/text.ts";
import { CutProxy } from "../support/cut-proxy.ts";
import { FrameLoss } from "../support/frame-loss.ts";
import { startNotedRunner } from "../support/noted-runner.ts";
import type { RunningServer } from "../support/scene.ts";
import { Scene } from "../support/scene.ts";
import { until } from "../support/until.ts";
import { Witness } from "../support/witness.ts";

/** How long frames are lost. */
const LOSS_MS = 5_000;

const PROMPT = "tokens=20 rate=0 queued meanwhile";

const scene = new Scene();
const links: { readonly proxy: CutProxy; readonly frames: FrameLoss }[] = [];
let server: RunningServer;

beforeAll(async () => {
  for (let count = 0; count < 3; count += 1) {
    const frames = new FrameLoss();
    links.push({ proxy: await CutProxy.open(frames.filter), frames });
  }
  server = await scene.startServerBehind(...links.map(({ proxy }) => proxy));
});

afterAll(async () => {
  await scene.end();
  for (const { proxy } of links) proxy.close();
});

/** A session whose runner dials through a proxy of its own, and a reader that does not. */
async function openSession(
  { onTestFinished }: TestContext,
  session: string,
  options: { readonly isDroppingFirst: boolean },
) {
  const link = links.pop();
  if (link === undefined) throw new Error("There are too few proxies.");
  const { proxy, frames } = link;
  await server.api.post("v1/sessions", { id: session });
  frames.isDropping = options.isDroppingFirst;
  const runner = startNotedRunner(scene, { url: proxy.url, session });
  const witness = await Witness.of(scene, server.url, session);
  onTestFinished(() => witness.client.close());
  return { frames, runner, witness };
}

/** The kinds of the frames that were lost. */
function kindsOf({ dropped }: FrameLoss): Set<string> {
  return new Set(dropped.map((text) => /"t":"(\w+)"/.exec(text)?.[1] ?? text));
}

test.concurrent("N12: a prompt that is queued while every frame to an idle runner is lost for five seconds runs exactly once", async (context) => {
  const { frames, runner, witness } = await openSession(context, "idle", {
    isDroppingFirst: false,
  });
  await runner.ready();
  await until("its start is durable", () =>
    witness.events.some(({ type }) => type === "runner.started"),
  );

  frames.isDropping = true;
  const { turn } = await witness.client.send(PROMPT);
  await sleep(LOSS_MS);
  const lost = kindsOf(frames);
  frames.isDropping = false;
  await until("it is answered", () => witness.outcomeOf(turn));

  expect(lost).toContain("command");
  expect(frames.upgrades).toBe(1);
  expect(runner.notes.prompts).toEqual([PROMPT]);
  expect(witness.outcomes).toEqual([{ turn, outcome: "completed" }]);
  expect(witness.answers).toEqual([demoText(PROMPT, 20)]);
});

test.concurrent("N12, N18: a prompt that is queued behind a turn while every frame to the runner is lost for five seconds runs exactly once, and the turn is whole", async (context) => {
  const { frames, runner, witness } = await openSession(context, "busy", {
    isDroppingFirst: false,
  });
  await runner.ready();
  const running = "tokens=200 rate=60";
  const first = await witness.client.send(running);
  await until("some of the answer is shown", () => witness.shown >= 80);

  frames.isDropping = true;
  const { turn } = await witness.client.send(PROMPT);
  await sleep(LOSS_MS);
  const lost = kindsOf(frames);
  frames.isDropping = false;
  await until("it is answered", () => witness.outcomeOf(turn));

  expect(lost).toContain("ack");
  expect(lost).toContain("command");
  expect(frames.upgrades).toBe(1);
  expect(runner.notes.prompts).toEqual([running, PROMPT]);
  expect(witness.outcomes).toEqual([
    { turn: first.turn, outcome: "completed" },
    { turn, outcome: "completed" },
  ]);
  expect(witness.answers).toEqual([demoText(running, 200), demoText(PROMPT, 20)]);
});

test.concurrent("N12, N24: a prompt that is queued while even the welcome of a new runner is lost for five seconds runs exactly once", async (context) => {
  const { frames, runner, witness } = await openSession(context, "fresh", {
    isDroppingFirst: true,
  });
  await until("the welcome is lost", () => kindsOf(frames).has("welcome"));

  const { turn } = await witness.client.send(PROMPT);
  await sleep(LOSS_MS);
  frames.isDropping = false;
  await until("it is answered", () => witness.outcomeOf(turn));

  expect(runner.notes.prompts).toEqual([PROMPT]);
  expect(witness.outcomes).toEqual([{ turn, outcome: "completed" }]);
  expect(witness.answers).toEqual([demoText(PROMPT, 20)]);
});
