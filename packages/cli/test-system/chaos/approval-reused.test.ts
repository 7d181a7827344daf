import { expect, onTestFinished, test } from "vitest";
import { AskingRunner } from "../support/asking-runner.ts";
import { CutProxy } from "../support/cut-proxy.ts";
import { Scene } from "../support/scene.ts";
import { SessionLog } from "../support/session-log.ts";
import { until } from "../support/until.ts";

test.each(["the same state folder", "a fresh state folder"])(
  "A10, A11: a decision whose runner and agent died before they had it answers the identical question of the next once, on %s",
  async (folder) => {
    const session = "reused";
    const scene = new Scene();
    onTestFinished(() => scene.end());
    const proxy = await CutProxy.open();
    onTestFinished(() => proxy.close());
    const server = await scene.startServerBehind(proxy);
    const place = { session, url: proxy.url };
    const dead = await AskingRunner.start(scene, place);
    const log = await SessionLog.follow(server, session);
    onTestFinished(() => log.client.close());
    await log.client.send("write:alpha");
    const first = await log.untilOpen("write:alpha");

    proxy.cutOff();
    await until("the session has lost its runner", () => log.client.getState().runner === null);
    await log.client.approve(first, "allow");
    await dead.kill();
    expect(dead.record).toMatchObject({ asked: ["write:alpha"], answered: [] });

    proxy.leadTo(server.port);
    const state = folder === "a fresh state folder" ? "another" : "runner";
    const runner = await AskingRunner.start(scene, { ...place, state });
    expect(runner.restored).toBe("resumed");
    await log.nth(1, "turn.ended");
    expect(log.outcomes).toEqual(["interrupted"]);
    expect(log.all("approval.closed")).toMatchObject([{ approval: first, why: "orphaned" }]);

    // Only the second of these is the question that was decided; the others wait for a person.
    await log.client.send("write:beta write:alpha erase:alpha");
    const { approval: second, position } = await log.nth(2, "approval.decided");
    await until("the agent is answered", () => runner.record.answered.length > 0);
    const [beta, erase] = [await log.untilOpen("write:beta"), await log.untilOpen("erase:alpha")];
    await log.client.approve(beta, "reject");
    await log.client.approve(erase, "reject");
    await log.nth(2, "turn.ended");

    await log.client.send("write:alpha");
    const third = await log.untilOpen("write:alpha");
    await log.client.approve(third, "reject");
    await log.nth(3, "turn.ended");

    expect(runner.record).toMatchObject({
      asked: ["write:alpha", "write:beta", "write:alpha", "erase:alpha", "write:alpha"],
      answered: [
        "write:alpha allow",
        "write:beta reject",
        "erase:alpha reject",
        "write:alpha reject",
      ],
    });
    expect(log.outcomes).toEqual(["interrupted", "completed", "completed"]);
    const asked = log.all("approval.requested").map(({ approval }) => approval);
    expect(asked).toEqual([first, beta, second, erase, third]);
    const decided = log.all("approval.decided");
    expect(decided).toMatchObject([
      { approval: first, option: "allow", by: "ada" },
      { approval: second, option: "allow", by: "ada", reuses: first },
      { approval: beta, option: "reject" },
      { approval: erase, option: "reject" },
      { approval: third, option: "reject" },
    ]);
    expect(decided.filter(({ reuses }) => reuses !== undefined)).toHaveLength(1);
    const begun = log.all("command.begun").map(({ command }) => command);
    expect(begun.filter((command) => command === position)).toHaveLength(1);
    expect(begun).not.toContain(decided[0]?.position);
  },
);
