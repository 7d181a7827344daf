import { expect, onTestFinished } from "vitest";
import { demoText } from "../../src/demo-agent/text.ts";
import type { MemoryLoss } from "./forgetful-server.ts";
import { startForgetfulServer } from "./forgetful-server.ts";
import { startNotedRunner } from "./noted-runner.ts";
import { Scene } from "./scene.ts";
import { until } from "./until.ts";
import { Witness } from "./witness.ts";

/** Tokens at the end of the turn without a loss, so that everybody is back before the last of them. */
const QUIET_TOKENS = 60;

/** Of all losses, those that take the sockets too. */
const SHARE_OF_ABORTS = 0.7;

/** What is lost, and how often. */
export interface MemoryLossPlan {
  readonly tokens: number;
  readonly losses: number;
  /** Tokens each second. */
  readonly rate: number;
}

/**
 * A turn of many tokens with two readers, while its object loses its memory at random points, with or without its sockets:
 * the readers are told the same events, each once, and the text is what the agent said.
 *
 * @returns How often it was lost before the turn had ended.
 */
export async function loseMemory(random: () => number, plan: MemoryLossPlan): Promise<number> {
  const { tokens, losses, rate } = plan;
  const scene = new Scene();
  const server = await startForgetfulServer(scene.dir);
  onTestFinished(async () => {
    await scene.end();
    await server.stop();
  });
  const { url } = server;
  const runner = startNotedRunner(scene, { url, session: "chaos" });
  await runner.ready();
  const readers = await Witness.pair(scene, url, "chaos");
  onTestFinished(() => readers.forEach(({ client }) => client.close()));
  const [first, second] = readers;
  const livesBefore = await server.lives("chaos");

  const prompt = `tokens=${tokens} rate=${rate}`;
  const { turn } = await first.client.send(prompt);
  const lost: MemoryLoss[] = [];
  const marks: Promise<unknown>[] = [];
  const points = Array.from({ length: losses }, () => random() * (tokens - QUIET_TOKENS) * 4);
  // Points that went by while everybody was away come at once, before anybody is back.
  for (const point of points.toSorted((one, other) => one - other)) {
    await until(
      `${point} characters are shown after ${lost.length} losses`,
      () => first.shown >= point || first.outcomeOf(turn),
    );
    if (first.outcomeOf(turn) !== undefined) break;
    const how = random() < SHARE_OF_ABORTS ? "abort" : "evict";
    await server.forget("chaos", how);
    lost.push(how);
    // Takes the first position that was lost, before the runner has sent its events again: readers must not keep what they were
    // shown there.
    marks.push(first.client.setMeta({ loss: lost.length }));
    // Backoff grows with a hundred outages in a row; the test does not wait for it.
    if (how === "abort") for (const { client } of readers) client.reconnect();
  }
  await Promise.all(marks);
  await until(
    "both readers have seen the end",
    () =>
      readers.every((reader) => reader.outcomeOf(turn) && marksIn(reader).length >= marks.length),
    90_000,
  );

  expect(await server.lives("chaos")).toBeGreaterThanOrEqual(livesBefore + lost.length);
  expect(server.reports.filter((line) => line.startsWith("workerd ended"))).toEqual([]);
  for (const reader of readers) {
    const { answers, outcomes, positions } = reader;
    expect(marksIn(reader)).toEqual(marks.map((_, index) => index + 1));
    expect(answers).toEqual([demoText(prompt, tokens)]);
    expect(outcomes).toEqual([{ turn, outcome: "completed" }]);
    expect(positions).toEqual(positions.map((_, index) => index + 1));
  }
  expect(JSON.stringify(second.events)).toBe(JSON.stringify(first.events));
  expect(runner.notes.prompts).toEqual([prompt]);
  return lost.length;
}

/** The numbers of the losses after which a reader has seen a mark, in rising order. */
function marksIn({ events }: Witness): number[] {
  const marks = events.flatMap((event) =>
    event.type === "session.meta" ? [event.patch["loss"]] : [],
  );
  return marks.filter((loss) => typeof loss === "number").toSorted((one, other) => one - other);
}
