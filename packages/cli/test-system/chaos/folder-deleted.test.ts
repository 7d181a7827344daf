import { rm } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import type { NotedRunner } from "../support/noted-runner.ts";
import { startNotedRunner } from "../support/noted-runner.ts";
import { Scene } from "../support/scene.ts";
import { until } from "../support/until.ts";
import { Witness } from "../support/witness.ts";

/** From "durable" to the kill, in milliseconds: the runner has perhaps not heard of it yet, up to in mid-answer. */
const DELAYS_MS = [0, 0, 1, 2, 5, 20, 300];

/** Resolves in the very moment in which the log says that a turn was begun. */
function begunOf(witness: Witness, turn: string): Promise<void> {
  return new Promise((resolve) => {
    let command: number | undefined;
    const stop = witness.client.on("event", (event, position) => {
      if (event.type === "turn.queued" && event.turn === turn) command = position;
      if (event.type !== "command.begun" || event.command !== command) return;
      stop();
      resolve();
    });
  });
}

test("N14, N15, T4: a prompt whose runner lost its folder right after it was begun ran at most once, and is shown as interrupted", async () => {
  const scene = new Scene();
  onTestFinished(() => scene.end());
  const server = await scene.startServer();
  const place = { url: server.url, session: "chaos" };
  let runner: NotedRunner = startNotedRunner(scene, place);
  await runner.ready();
  const witness = await Witness.of(scene, server.url, "chaos");
  onTestFinished(() => witness.client.close());

  const turns: string[] = [];
  for (const [round, delay] of DELAYS_MS.entries()) {
    const prompt = `tokens=1000 rate=50 round ${round}`;
    const id = `prompt-${round}`;
    const begun = begunOf(witness, id);
    const { turn } = await witness.client.send(prompt, { id });
    await begun;
    if (delay > 0) await sleep(delay);
    await runner.program.end("SIGKILL");
    await rm(runner.stateDir, { recursive: true });
    runner = startNotedRunner(scene, place);
    const outcome = await until(`round ${round} has ended`, () => witness.outcomeOf(turn));
    expect(outcome).toBe("interrupted");
    turns.push(turn);
  }
  // What was to run again would have done so before the next prompt.
  const last = await witness.client.send("tokens=5 rate=0 the last");
  await until("the last prompt is answered", () => witness.outcomeOf(last.turn));

  const { prompts } = runner.notes;
  expect(prompts).toEqual([...new Set(prompts)]);
  expect(prompts.at(-1)).toBe("tokens=5 rate=0 the last");
  expect(witness.outcomes).toEqual([
    ...turns.map((turn) => ({ turn, outcome: "interrupted" })),
    { turn: last.turn, outcome: "completed" },
  ]);
  expect(witness.session?.turns).toEqual([]);
});
