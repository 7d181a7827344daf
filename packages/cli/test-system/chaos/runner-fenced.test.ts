import { expect, onTestFinished, test } from "vitest";
import { identityOf } from "../../src/serve/process-identity.ts";
import { demoText } from "../../src/demo-agent/text.ts";
import { CutProxy } from "../support/cut-proxy.ts";
import { FrameLoss } from "../support/frame-loss.ts";
import { startNotedRunner } from "../support/noted-runner.ts";
import { Scene } from "../support/scene.ts";
import { storedRows } from "../support/stored-rows.ts";
import { until } from "../support/until.ts";
import { Witness } from "../support/witness.ts";

/** How long a runner that lost its claim may take to end, from the moment in which it goes on. */
const LONGEST_END_MS = 2_000;

/** Exit code of a runner that must not be started again. */
const FENCED = 7;

test.each([
  { link: "kept", isCut: false },
  { link: "cut", isCut: true },
])(
  "N3, N4: a runner that was stopped while another took over, its link $link, writes no row and ends within two seconds",
  async ({ isCut }) => {
    const scene = new Scene();
    const frames = new FrameLoss();
    const proxy = await CutProxy.open(frames.filter);
    onTestFinished(async () => {
      await scene.end();
      proxy.close();
    });
    const server = await scene.startServerBehind(proxy);
    const old = startNotedRunner(scene, { url: proxy.url, session: "chaos", name: "old" });
    await old.ready();
    const witness = await Witness.of(scene, server.url, "chaos");
    onTestFinished(() => witness.client.close());
    const cutOff = await witness.client.send("tokens=2000 rate=100");
    await until("50 tokens are shown", () => witness.shown >= 200);
    const [oldAgent = 0] = old.notes.pids;

    process.kill(old.program.pid, "SIGSTOP");
    onTestFinished(() => void (old.program.isRunning && process.kill(old.program.pid, "SIGCONT")));
    if (isCut) proxy.cut();
    const next = startNotedRunner(scene, { url: server.url, session: "chaos", name: "new" });
    await next.ready();
    await until("the turn is interrupted", () => witness.outcomeOf(cutOff.turn));
    const quick = await witness.client.send("tokens=5 rate=0");
    await until("the new runner has answered", () => witness.outcomeOf(quick.turn));
    const events = witness.events.length;
    const rows = storedRows(scene.dir, "perdure-session");
    const closesBefore = frames.closeCodes.length;

    process.kill(old.program.pid, "SIGCONT");
    const hasEnded = () => !old.program.isRunning;
    await until("the old runner has ended in time", hasEnded, LONGEST_END_MS);
    await until("its agent is gone", () => identityOf(oldAgent) === undefined);

    expect(await old.program.exited).toEqual({ code: FENCED, signal: null });
    expect(frames.closeCodes.slice(isCut ? closesBefore : 0)).toEqual([4409]);
    expect(storedRows(scene.dir, "perdure-session")).toEqual(rows);
    expect(witness.events).toHaveLength(events);
    // The session goes on with the new one.
    const last = await witness.client.send("tokens=5 rate=0 again");
    await until("the session goes on", () => witness.outcomeOf(last.turn));
    expect(witness.answers.at(-1)).toBe(demoText("tokens=5 rate=0 again", 5));
    expect(next.notes.prompts).toHaveLength(3);
    expect(next.program.isRunning).toBe(true);
  },
);
