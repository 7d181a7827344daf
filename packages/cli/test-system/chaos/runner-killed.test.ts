import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { demoText } from "../../src/demo-agent/text.ts";
import { CutProxy } from "../support/cut-proxy.ts";
import { startNotedRunner } from "../support/noted-runner.ts";
import { Scene } from "../support/scene.ts";
import { seeded } from "../support/seeded.ts";
import { until } from "../support/until.ts";
import { Witness } from "../support/witness.ts";

const TOKENS = 1_000;

/** Tokens that are shown before the link is cut, at least, and that wait in the spool when the runner is killed. */
const FEWEST = 100;

/** Tokens in a runner's spool that it wrote since it was made, acknowledged or not. */
function tokensIn(stateDir: string): number {
  const spool = readFileSync(join(stateDir, "spool.jsonl"), "utf8");
  return spool.split("\n").filter((line) => line.includes('"type":"text-delta"')).length;
}

test("N15, N19, T4: a runner killed with a backlog hands all of it over in order before it starts anew, and runs no prompt again", () =>
  seeded(20_261_122, async (random) => {
    const scene = new Scene();
    const proxy = await CutProxy.open();
    onTestFinished(async () => {
      await scene.end();
      proxy.close();
    });
    const server = await scene.startServerBehind(proxy);
    const place = { url: proxy.url, session: "chaos" };
    const first = startNotedRunner(scene, place);
    await first.ready();
    const witness = await Witness.of(scene, server.url, "chaos");
    onTestFinished(() => witness.client.close());

    const prompts = [`tokens=${TOKENS} rate=100`, "tokens=10 rate=0 queued"] as const;
    const cutOff = await witness.client.send(prompts[0]);
    const queued = await witness.client.send(prompts[1]);
    const shown = FEWEST + Math.floor(random() * 100);
    await until(`${shown} tokens are shown`, () => witness.shown >= shown * 4);
    proxy.cutOff();
    const backlog = witness.shown / 4 + FEWEST + Math.floor(random() * 100);
    await until(`${backlog} tokens are spooled`, () => tokensIn(first.stateDir) >= backlog);
    await first.program.end("SIGKILL");
    const spooled = tokensIn(first.stateDir);
    const eventsBefore = witness.events.length;

    proxy.leadTo(server.port);
    const second = startNotedRunner(scene, place);
    await until("the queued turn has ended", () => witness.outcomeOf(queued.turn));

    const started = witness.events.findIndex(
      (event) => event.type === "runner.started" && event.epoch === 2,
    );
    expect(spooled).toBeGreaterThanOrEqual(backlog);
    expect(spooled).toBeLessThan(TOKENS);
    expect(started).toBeGreaterThan(eventsBefore);
    expect(witness.textBetween(0, started)).toBe(demoText(prompts[0], spooled));
    expect(witness.outcomes).toEqual([
      { turn: cutOff.turn, outcome: "interrupted" },
      { turn: queued.turn, outcome: "completed" },
    ]);
    expect(witness.answers.at(-1)).toBe(demoText(prompts[1], 10));
    expect(second.notes.prompts).toEqual(prompts);
    expect(witness.positions).toEqual(witness.positions.map((_, index) => index + 1));
  }));
