import { SessionClient } from "perdure/client";
import type { SessionEvent } from "perdure/protocol";
import { textOf } from "perdure/protocol";
import { expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import { randomFrom } from "../../perdure/test/support/random.ts";
import { demoText } from "../src/demo-agent/text.ts";
import { Scene } from "./support/scene.ts";
import { until } from "./support/until.ts";

const TOKENS = 1_000;
const KILLS = 20;

/** Tokens between a recovery and the next kill, at most. */
const LONGEST_PEACE = 20;

/** After so many kills a prompt is sent into the outage. */
const PROMPT_EVERY = 5;

/** A reader that notes every durable event. */
class Witness {
  readonly client: SessionClient;
  readonly positions: number[] = [];
  readonly events: SessionEvent[] = [];

  constructor(url: string, session: string, token: string) {
    this.client = new SessionClient({ url, session, token, WebSocket, after: 0 });
    this.client.on("event", (event, position) => {
      this.positions.push(position);
      this.events.push(event);
    });
    this.client.connect();
  }

  get session() {
    return this.client.getState().session;
  }

  /** Characters of the answer that are shown, durable or not. */
  get shown(): number {
    const answer = this.session?.open?.message;
    return answer === undefined ? 0 : textOf(answer).length;
  }

  get answers(): string[] {
    const messages = this.session?.messages.map(({ message }) => message) ?? [];
    return messages.filter(({ role }) => role === "assistant").map(textOf);
  }
}

test(`workerd killed at ${KILLS} random points of a ${TOKENS}-token turn: no gap, no repeat, every acknowledged prompt there`, async () => {
  const seed = Number(process.env["PERDURE_SEED"] ?? 20_261_121);
  const random = randomFrom(seed);
  const scene = new Scene();
  onTestFinished(() => scene.end());
  const server = await scene.startServer();
  await scene.startRunner(server, "chaos");
  const token = await scene.token();
  const first = new Witness(server.url, "chaos", token);
  const second = new Witness(server.url, "chaos", token);
  const readers = [first, second];
  onTestFinished(() => readers.forEach(({ client }) => client.close()));
  await until("the reader is there", () => first.client.getState().link === "live");

  const prompts = [`tokens=${TOKENS} rate=25`];
  await first.client.send(prompts[0] ?? "");
  let kills = 0;
  while (kills < KILLS) {
    const point = first.shown + Math.ceil(random() * LONGEST_PEACE) * 4;
    await until(
      `${point} characters are shown (seed ${seed})`,
      () => first.shown >= point || first.answers.length > 0,
    );
    if (first.answers.length > 0) break;
    await scene.killWorkerd();
    kills += 1;
    // Backoff grows with twenty outages in a row; the test does not wait for it.
    for (const { client } of readers) client.reconnect();
    if (kills % PROMPT_EVERY === 0) {
      const prompt = `tokens=10 rate=0 after kill ${kills}`;
      await first.client.send(prompt);
      prompts.push(prompt);
    }
    await until("the reader is back", () => first.client.getState().link === "live");
  }
  await until(
    `all turns are answered (seed ${seed})`,
    () => readers.every(({ answers }) => answers.length === prompts.length),
    90_000,
  );

  expect(kills).toBe(KILLS);
  const expected = prompts.map((text, index) => demoText(text, index === 0 ? TOKENS : 10));
  for (const { answers, positions } of readers) {
    expect(answers).toEqual(expected);
    expect(positions).toEqual(positions.map((_, index) => index + 1));
  }
  expect(JSON.stringify(second.events)).toBe(JSON.stringify(first.events));
});
