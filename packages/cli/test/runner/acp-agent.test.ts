import { describe, expect, onTestFinished, test, vi } from "vitest";
import { demoText } from "../../src/demo-agent/index.ts";
import {
  AgentBench,
  agentPid,
  demoAgent,
  makeFolder,
  textIn,
  until,
  userMessage,
} from "./agent-bench.ts";

/** A session of an agent that has already said something, as an earlier process left it. */
async function earlierSession(folder: string): Promise<string> {
  const bench = new AgentBench(demoAgent(folder));
  await bench.agent.start(1, null);
  await bench.run("turn-0", "tokens=5 rate=0");
  await bench.agent.stop("done");
  return bench.agentSession ?? "";
}

describe("getting an agent's context back", () => {
  test("an agent that was never there before is new", async () => {
    const bench = new AgentBench(demoAgent(makeFolder()));
    const start = await bench.agent.start(1, null);
    expect(start).toMatchObject({ agent: { name: "Perdure demo agent" }, restored: "new" });
    expect(start.agentSession).toBe(bench.agentSession);
  });

  test("an agent that offers resume is resumed", async () => {
    const folder = makeFolder();
    const before = await earlierSession(folder);
    const bench = new AgentBench(demoAgent(folder), before);
    expect(await bench.agent.start(2, null)).toMatchObject({
      restored: "resumed",
      agentSession: before,
    });
  });

  test("with load alone the replay is discarded: the log has it", async () => {
    const folder = makeFolder();
    const before = await earlierSession(folder);
    const bench = new AgentBench(demoAgent(folder, "--no-resume"), before);
    expect(await bench.agent.start(2, null)).toMatchObject({ restored: "loaded" });
    const events = await bench.run("turn-1", "tokens=3 rate=0");
    expect(events.map(({ type }) => type)).toEqual([
      "start",
      "text-start",
      "text-delta",
      "text-delta",
      "text-delta",
      "text-end",
      "finish",
      "turn.ended",
    ]);
  });

  test("with neither, the context is lost, and a new session goes on", async () => {
    const folder = makeFolder();
    const before = await earlierSession(folder);
    const bench = new AgentBench(demoAgent(folder, "--no-resume", "--no-load"), before);
    const start = await bench.agent.start(2, null);
    expect(start.restored).toBe("lost");
    expect(start.agentSession).not.toBe(before);
  });

  test("a session that the agent does not know is lost", async () => {
    const bench = new AgentBench(demoAgent(makeFolder()), "never-was");
    expect(await bench.agent.start(2, null)).toMatchObject({ restored: "lost" });
  });

  test("the log's agent session serves where this machine remembers none", async () => {
    const folder = makeFolder();
    const before = await earlierSession(folder);
    const bench = new AgentBench(demoAgent(folder));
    expect(await bench.agent.start(2, before)).toMatchObject({ restored: "resumed" });
  });

  test("a command that does not exist is told in one sentence", async () => {
    const bench = new AgentBench({ command: "no-such-agent", args: [], cwd: makeFolder() });
    await expect(bench.agent.launch()).rejects.toThrow(
      'The agent could not be started: there is no command "no-such-agent", or its folder does not exist.',
    );
  });

  test("an agent that exits instead of answering is told with its code", async () => {
    const bench = new AgentBench({ command: "sh", args: ["-c", "exit 3"], cwd: makeFolder() });
    await expect(bench.agent.launch()).rejects.toThrow("The agent exited with code 3.");
  });
});

describe("a turn", () => {
  test("the text arrives whole, as the agent wrote it", async () => {
    const bench = new AgentBench(demoAgent(makeFolder()));
    await bench.agent.start(1, null);
    const prompt = "tokens=200 rate=0";
    expect(textIn(await bench.run("turn-1", prompt))).toBe(demoText(prompt, 200));
    expect(bench.end("turn-1")).toMatchObject({ outcome: "completed" });
  });

  test("updates and notifications of unknown kinds are carried whole", async () => {
    const bench = new AgentBench(demoAgent(makeFolder()));
    await bench.agent.start(1, null);
    await bench.run("turn-1", "unknown rate=0");
    expect(bench.ofType("data-acp")).toMatchObject([
      {
        type: "data-acp",
        data: { sessionUpdate: "_demo_weather", sky: "clear", celsius: 21 },
      },
      {
        type: "data-acp",
        data: { method: "_demo/weather", params: { sky: "clear", celsius: 21 } },
      },
    ]);
  });

  test("an answer reaches the question that it is for, among several", async () => {
    const bench = new AgentBench(demoAgent(makeFolder()));
    await bench.agent.start(4, null);
    bench.agent.prompt("turn-1", {
      id: "m",
      role: "user",
      parts: [{ type: "text", text: "ask=2 rate=0" }],
    });
    await until(() => bench.ofType("approval.requested").length === 2, "two questions");
    // The agent reads both files at once, so either question may come first.
    const asked = bench.events.filter((event) => event.type === "approval.requested");
    expect(asked.map(({ approval }) => approval)).toEqual(["4.1", "4.2"]);
    expect(asked.map(({ kind }) => kind)).toEqual(["edit", "edit"]);
    const questionOf = (title: string) =>
      asked.find((question) => question.title === title)?.approval ?? "";
    const rejected = questionOf("Edit notes.md");
    const allowed = questionOf("Edit notes-2.md");
    bench.agent.answer(allowed, "allow_once");
    bench.agent.answer(rejected, "reject_once");
    bench.agent.answer(rejected, "allow_once");
    await bench.ended("turn-1");
    expect(textIn(bench.events)).toBe(
      "I left **notes.md** as it was, because the edit was rejected. I added a line to **notes-2.md**.",
    );
    expect(bench.ofType("tool-approval-response")).toEqual([
      { type: "tool-approval-response", approvalId: allowed, approved: true },
      { type: "tool-approval-response", approvalId: rejected, approved: false },
    ]);
    expect(bench.ofType("tool-output-denied")).toHaveLength(1);
  });

  test("a cancelled turn withdraws its question and ends as cancelled", async () => {
    const bench = new AgentBench(demoAgent(makeFolder()));
    await bench.agent.start(1, null);
    bench.agent.prompt("turn-1", {
      id: "m",
      role: "user",
      parts: [{ type: "text", text: "edit" }],
    });
    await until(() => bench.ofType("approval.requested").length === 1, "a question");
    bench.agent.cancel("another turn");
    expect(bench.ofType("approval.closed")).toEqual([]);
    bench.agent.cancel("turn-1");
    await bench.ended("turn-1");
    expect(bench.ofType("approval.closed")).toMatchObject([{ approval: "1.1", why: "withdrawn" }]);
    expect(bench.end("turn-1")).toMatchObject({ outcome: "cancelled" });
  });

  test("an agent that does not stop is ended after 30 s, and time in which the machine slept does not count", async () => {
    const folder = makeFolder();
    const bench = new AgentBench(demoAgent(folder));
    await bench.agent.start(1, null);
    bench.agent.prompt("turn-1", userMessage("tokens=10000 rate=50"));
    await until(() => bench.ofType("text-delta").length > 0, "the first word");
    const pid = agentPid(folder);
    process.kill(pid, "SIGSTOP");
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date"] });
    onTestFinished(() => {
      vi.useRealTimers();
      process.kill(pid, "SIGKILL");
    });
    bench.agent.cancel("turn-1");
    await new Promise((resolve) => setImmediate(resolve));
    vi.setSystemTime(Date.now() + 3_600_000);
    vi.advanceTimersByTime(30_000);
    expect(bench.end("turn-1")).toBeUndefined();
    vi.advanceTimersByTime(29_999);
    expect(bench.end("turn-1")).toBeUndefined();
    vi.advanceTimersByTime(1);
    expect(bench.end("turn-1")).toMatchObject({ outcome: "cancelled" });
    expect(bench.log.join()).toContain("the agent did not stop within 30 s");
  });

  test("N28 a turn that is cancelled for a reason ends as cancelled and names it", async () => {
    const bench = new AgentBench(demoAgent(makeFolder()));
    await bench.agent.start(1, null);
    bench.agent.prompt("turn-1", userMessage("tokens=10000 rate=100"));
    await until(() => bench.ofType("text-delta").length > 3, "some text");
    bench.agent.cancel("turn-1", "Partition: nobody there.");
    bench.agent.cancel("turn-1");
    await bench.ended("turn-1");
    expect(bench.end("turn-1")).toMatchObject({
      outcome: "cancelled",
      reason: "Partition: nobody there.",
    });
    expect(bench.ofType("abort")).toEqual([{ type: "abort", reason: "Partition: nobody there." }]);
  });

  test("an error of the agent fails the turn in the agent's words", async () => {
    const bench = new AgentBench(demoAgent(makeFolder()));
    await bench.agent.start(1, null);
    await bench.run("turn-1", "fail tokens=1 rate=0");
    expect(bench.end("turn-1")).toMatchObject({
      outcome: "failed",
      reason: "The prompt asked the demo agent to fail.",
    });
  });
});

describe("an agent that dies", () => {
  test("in mid-turn it fails the turn, comes back with its context, and the next turn says so", async () => {
    const folder = makeFolder();
    const bench = new AgentBench(demoAgent(folder));
    await bench.agent.start(1, null);
    bench.agent.prompt("turn-1", {
      id: "m",
      role: "user",
      parts: [{ type: "text", text: "tokens=10000 rate=100" }],
    });
    await until(() => bench.ofType("text-delta").length > 3, "some text");
    process.kill(agentPid(folder), "SIGKILL");
    await bench.ended("turn-1");
    expect(bench.end("turn-1")).toMatchObject({
      outcome: "failed",
      reason: "The agent was ended by SIGKILL.",
    });

    const events = await bench.run("turn-2", "tokens=2 rate=0");
    expect(bench.end("turn-2")).toMatchObject({ outcome: "completed" });
    expect(events).toContainEqual({
      type: "data-agent-restarted",
      data: { reason: "The agent was ended by SIGKILL.", restored: "resumed" },
    });
  });

  test("what is abandoned ends as failed at once, and the next turn gets a new process", async () => {
    const folder = makeFolder();
    const bench = new AgentBench(demoAgent(folder));
    await bench.agent.start(1, null);
    bench.agent.prompt("turn-1", {
      id: "m",
      role: "user",
      parts: [{ type: "text", text: "tokens=10000 rate=100" }],
    });
    await until(() => bench.ofType("text-delta").length > 3, "some text");
    bench.agent.abandon("turn-1", "no room");
    expect(bench.events.at(-1)).toMatchObject({
      type: "turn.ended",
      outcome: "failed",
      reason: "no room",
    });
    await bench.run("turn-2", "tokens=2 rate=0");
    expect(bench.end("turn-2")).toMatchObject({ outcome: "completed" });
  });
});
