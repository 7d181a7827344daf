import { expect, onTestFinished } from "vitest";
import { demoText } from "../../src/demo-agent/text.ts";
import { startNotedRunner } from "./noted-runner.ts";
import { Scene } from "./scene.ts";
import { until } from "./until.ts";
import { Witness } from "./witness.ts";

/** Tokens between a recovery and the next kill, at most. */
const LONGEST_PEACE = 20;

/** After so many kills a prompt is sent into the outage. */
const PROMPT_EVERY = 5;

/** Tokens of the answer to a prompt that was sent into an outage. */
const SHORT_ANSWER = 10;

/**
 * A turn of many tokens with two readers, while workerd is killed at random points: the readers are told the same events,
 * each once, the text is what the agent said, and every prompt that was acknowledged meanwhile runs once.
 *
 * @returns How often workerd was killed before the turn had ended.
 */
export async function killWorkerd(
  random: () => number,
  plan: { readonly tokens: number; readonly kills: number },
): Promise<number> {
  const scene = new Scene();
  onTestFinished(() => scene.end());
  const server = await scene.startServer();
  const { url } = server;
  const runner = startNotedRunner(scene, { url, session: "chaos" });
  await runner.ready();
  const readers = await Witness.pair(scene, url, "chaos");
  onTestFinished(() => readers.forEach(({ client }) => client.close()));
  const [first, second] = readers;

  const prompts = [`tokens=${plan.tokens} rate=25`];
  await first.client.send(prompts[0] ?? "");
  let kills = 0;
  while (kills < plan.kills) {
    const point = first.shown + Math.ceil(random() * LONGEST_PEACE) * 4;
    await until(
      `${point} characters are shown after ${kills} kills`,
      () => first.shown >= point || first.answers.length > 0,
    );
    if (first.answers.length > 0) break;
    await scene.killWorkerd();
    kills += 1;
    // Backoff grows with twenty outages in a row; the test does not wait for it.
    for (const { client } of readers) client.reconnect();
    if (kills % PROMPT_EVERY === 0) {
      const prompt = `tokens=${SHORT_ANSWER} rate=0 after kill ${kills}`;
      await first.client.send(prompt);
      prompts.push(prompt);
    }
    await first.untilLive();
  }
  await until(
    "all turns are answered",
    () => readers.every(({ answers }) => answers.length === prompts.length),
    90_000,
  );

  const expected = prompts.map((text, index) =>
    demoText(text, index === 0 ? plan.tokens : SHORT_ANSWER),
  );
  for (const { answers, positions } of readers) {
    expect(answers).toEqual(expected);
    expect(positions).toEqual(positions.map((_, index) => index + 1));
  }
  expect(JSON.stringify(second.events)).toBe(JSON.stringify(first.events));
  expect(runner.notes.prompts).toEqual(prompts);
  return kills;
}
