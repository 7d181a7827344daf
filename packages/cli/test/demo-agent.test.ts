import { methods } from "@agentclientprotocol/sdk";
import { expect, test } from "vitest";
import { demoChunks, demoText, INTRODUCTION } from "../src/demo-agent/text.ts";
import {
  chunkTexts,
  makeFolders,
  select,
  startAgent,
  updatesOfKind,
} from "./demo-agent-process.ts";

test("it introduces itself and offers resume, load, list and close", async () => {
  const { initialized } = await startAgent(makeFolders());
  expect(initialized.protocolVersion).toBe(1);
  expect(initialized.agentInfo?.name).toBe("Perdure demo agent");
  expect(initialized.agentCapabilities).toMatchObject({
    loadSession: true,
    sessionCapabilities: { resume: {}, list: {}, close: {} },
  });
});

test("tokens=N streams exactly the N chunks of demoChunks under one message id", async () => {
  const agent = await startAgent(makeFolders());
  const prompt = "tokens=1000 rate=0";
  const response = await agent.prompt(await agent.newSession(), prompt);
  expect(response).toEqual({ stopReason: "end_turn" });
  expect(chunkTexts(agent.updates, "agent_message_chunk")).toEqual(demoChunks(prompt, 1000));
  const ids = new Set(agent.updates.map(({ messageId }) => messageId));
  expect(ids.size).toBe(1);
  expect([...ids][0]).toEqual(expect.any(String));
});

test("a prompt without directives is answered with the introduction", async () => {
  const agent = await startAgent(makeFolders());
  await agent.prompt(await agent.newSession(), "Hello, who are you? rate=0");
  expect(chunkTexts(agent.updates, "agent_message_chunk").join("")).toBe(INTRODUCTION);
});

test("think, plan and usage are reported around the text", async () => {
  const agent = await startAgent(makeFolders());
  await agent.prompt(await agent.newSession(), "think plan usage tokens=3 rate=0");
  const kinds = agent.updates.map((update) => update["sessionUpdate"]);
  expect([...new Set(kinds)]).toEqual([
    "plan",
    "agent_thought_chunk",
    "agent_message_chunk",
    "usage_update",
  ]);
  const statuses = updatesOfKind(agent.updates, "plan").map(({ entries }) =>
    Array.isArray(entries) ? entries.map((entry: { status: unknown }) => entry.status) : [],
  );
  expect(statuses).toEqual([
    ["in_progress", "pending", "pending"],
    ["completed", "in_progress", "pending"],
    ["completed", "completed", "in_progress"],
    ["completed", "completed", "completed"],
  ]);
});

test("unknown sends an update and a notification that no schema knows", async () => {
  const agent = await startAgent(makeFolders());
  const sessionId = await agent.newSession();
  await agent.prompt(sessionId, "unknown tokens=1 rate=0");
  expect(agent.updates[0]).toEqual({ sessionUpdate: "_demo_weather", sky: "clear", celsius: 21 });
  expect(agent.otherMessages).toContainEqual({
    jsonrpc: "2.0",
    method: "_demo/weather",
    params: { sessionId, sky: "clear", celsius: 21 },
  });
});

test("fail ends the turn with an error, after what was streamed, and the session goes on", async () => {
  const agent = await startAgent(makeFolders());
  const sessionId = await agent.newSession();
  await expect(agent.prompt(sessionId, "tokens=2 rate=0 fail")).rejects.toMatchObject({
    code: -32603,
    data: { details: "The prompt asked the demo agent to fail." },
  });
  expect(agent.updates).toHaveLength(2);
  expect(await agent.prompt(sessionId, "tokens=1 rate=0")).toEqual({ stopReason: "end_turn" });
});

test("session/cancel stops the stream at a chunk, with stop reason cancelled", async () => {
  const agent = await startAgent(makeFolders());
  const sessionId = await agent.newSession();
  const prompt = "tokens=100000 rate=0";
  const response = agent.prompt(sessionId, prompt);
  await agent.updateWhere(() => agent.updates.length >= 5);
  await agent.agent.notify(methods.agent.session.cancel, { sessionId });
  expect(await response).toEqual({ stopReason: "cancelled" });
  const text = chunkTexts(agent.updates, "agent_message_chunk").join("");
  expect(text.length).toBeLessThan(400_000);
  expect(text).toBe(demoText(prompt, agent.updates.length));
  expect(await agent.prompt(sessionId, "tokens=1 rate=0")).toEqual({ stopReason: "end_turn" });
});

test("session/cancel does not wait for the next chunk to be due", async () => {
  const agent = await startAgent(makeFolders());
  const sessionId = await agent.newSession();
  const response = agent.prompt(sessionId, "tokens=100000 rate=1");
  await agent.updateWhere(() => agent.updates.length === 1);
  await agent.agent.notify(methods.agent.session.cancel, { sessionId });
  expect(await response).toEqual({ stopReason: "cancelled" });
  expect(agent.updates).toHaveLength(1);
});

test("a second prompt while one runs is refused, and the first goes on", async () => {
  const refused = Promise.withResolvers<void>();
  const agent = await startAgent(makeFolders(), {
    onPermission: async () => {
      await refused.promise;
      return select("allow_once");
    },
  });
  const sessionId = await agent.newSession();
  const first = agent.prompt(sessionId, "edit rate=0");
  await expect(agent.prompt(sessionId, "tokens=1 rate=0")).rejects.toMatchObject({ code: -32600 });
  refused.resolve();
  expect(await first).toEqual({ stopReason: "end_turn" });
});

test("two sessions of one process stream side by side", async () => {
  const agent = await startAgent(makeFolders());
  const [first, second] = [await agent.newSession(), await agent.newSession()];
  const responses = await Promise.all([
    agent.prompt(first, "tokens=20 rate=0"),
    agent.prompt(second, "tokens=30 rate=0"),
  ]);
  expect(responses).toEqual([{ stopReason: "end_turn" }, { stopReason: "end_turn" }]);
  expect(agent.updates).toHaveLength(50);
});

test("a prompt to an unknown session is answered with resource not found", async () => {
  const agent = await startAgent(makeFolders());
  await expect(agent.prompt("../../etc/passwd", "hello")).rejects.toMatchObject({ code: -32002 });
});

test("it exits when stdin closes, also in mid-turn, and writes nothing to stderr", async () => {
  const agent = await startAgent(makeFolders());
  void agent.prompt(await agent.newSession(), "tokens=100000 rate=1").catch(() => {});
  await agent.updateWhere(() => agent.updates.length === 1);
  expect(await agent.end()).toBe(0);
  expect(agent.stderr()).toBe("");
});

test("--verbose logs to stderr, never the prompt", async () => {
  const agent = await startAgent(makeFolders(), { args: ["--verbose"] });
  await agent.prompt(await agent.newSession(), "tokens=1 rate=0 hush");
  expect(await agent.end()).toBe(0);
  expect(agent.stderr()).toContain("turn ended, end_turn");
  expect(agent.stderr()).not.toContain("hush");
});
