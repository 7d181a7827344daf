import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { methods } from "@agentclientprotocol/sdk";
import { expect, test } from "vitest";
import {
  chunkTexts,
  makeFolders,
  startAgent,
  type Folders,
  type RunningAgent,
} from "./demo-agent-process.ts";

const PROMPT = "think plan edit tokens=50 rate=0 unknown";

function load(agent: RunningAgent, folders: Folders, sessionId: string) {
  const { cwd } = folders;
  return agent.agent.request(methods.agent.session.load, { sessionId, cwd, mcpServers: [] });
}

function resume(agent: RunningAgent, folders: Folders, sessionId: string) {
  return agent.agent.request(methods.agent.session.resume, { sessionId, cwd: folders.cwd });
}

test("session/load in a new process replays the prompts and every update before it responds", async () => {
  const folders = makeFolders();
  const first = await startAgent(folders);
  const sessionId = await first.newSession();
  await first.prompt(sessionId, PROMPT);
  await first.prompt(sessionId, "tokens=5 rate=0");
  await first.end();

  const second = await startAgent(folders);
  await load(second, folders, sessionId);
  const replayed = [...second.updates];
  expect(chunkTexts(replayed, "user_message_chunk")).toEqual([PROMPT, "tokens=5 rate=0"]);
  expect(replayed.filter((update) => update["sessionUpdate"] !== "user_message_chunk")).toEqual(
    first.updates,
  );
  await second.prompt(sessionId, "tokens=2 rate=0");
  expect(second.updates).toHaveLength(replayed.length + 2);
});

test("session/resume in a new process replays nothing and goes on", async () => {
  const folders = makeFolders();
  const first = await startAgent(folders);
  const sessionId = await first.newSession();
  await first.prompt(sessionId, PROMPT);
  await first.end();

  const second = await startAgent(folders);
  expect(await resume(second, folders, sessionId)).toEqual({});
  expect(second.updates).toEqual([]);
  await second.prompt(sessionId, "tokens=2 rate=0");
  expect(second.updates).toHaveLength(2);
});

test("a process killed in mid-turn leaves a transcript that holds everything it had sent", async () => {
  const folders = makeFolders();
  const first = await startAgent(folders);
  const sessionId = await first.newSession();
  void first.prompt(sessionId, "tokens=100000 rate=0").catch(() => {});
  await first.updateWhere(() => first.updates.length >= 100);
  await first.kill();
  appendFileSync(join(folders.stateDir, `${sessionId}.jsonl`), '{"record":"update","upd');

  const second = await startAgent(folders);
  await load(second, folders, sessionId);
  const seen = chunkTexts(first.updates, "agent_message_chunk");
  const replayed = chunkTexts(second.updates, "agent_message_chunk");
  expect(replayed.slice(0, seen.length)).toEqual(seen);
  await second.prompt(sessionId, "tokens=3 rate=0");

  const third = await startAgent(folders);
  await load(third, folders, sessionId);
  expect(chunkTexts(third.updates, "agent_message_chunk")).toHaveLength(replayed.length + 3);
  expect(chunkTexts(third.updates, "user_message_chunk")).toEqual([
    "tokens=100000 rate=0",
    "tokens=3 rate=0",
  ]);
});

test("--no-resume and --no-load neither offer nor answer the method", async () => {
  const folders = makeFolders();
  const agent = await startAgent(folders, { args: ["--no-resume", "--no-load"] });
  const sessionId = await agent.newSession();
  expect(agent.initialized.agentCapabilities?.loadSession).toBe(false);
  expect(agent.initialized.agentCapabilities?.sessionCapabilities?.resume).toBeUndefined();
  await expect(load(agent, folders, sessionId)).rejects.toMatchObject({ code: -32601 });
  await expect(resume(agent, folders, sessionId)).rejects.toMatchObject({ code: -32601 });
});

test.each(["4b1cf9a0-0000-4000-8000-000000000000", "../notes"])(
  "a session that does not exist (%s) is neither loaded nor resumed",
  async (sessionId) => {
    const folders = makeFolders();
    const agent = await startAgent(folders);
    await expect(load(agent, folders, sessionId)).rejects.toMatchObject({ code: -32002 });
    await expect(resume(agent, folders, sessionId)).rejects.toMatchObject({ code: -32002 });
  },
);

test("session/list names the sessions of the folder, and a closed one can be resumed", async () => {
  const folders = makeFolders();
  const agent = await startAgent(folders);
  const sessionId = await agent.newSession();
  const running = agent.prompt(sessionId, "tokens=100000 rate=1");
  await agent.updateWhere(() => agent.updates.length === 1);
  await agent.agent.request(methods.agent.session.close, { sessionId });
  expect(await running).toEqual({ stopReason: "cancelled" });
  await expect(agent.prompt(sessionId, "hello")).rejects.toMatchObject({ code: -32002 });

  const { sessions } = await agent.agent.request(methods.agent.session.list, { cwd: folders.cwd });
  expect(sessions).toMatchObject([{ sessionId, cwd: folders.cwd }]);
  const others = await agent.agent.request(methods.agent.session.list, { cwd: "/" });
  expect(others.sessions).toEqual([]);
  await resume(agent, folders, sessionId);
  expect(await agent.prompt(sessionId, "tokens=1 rate=0")).toEqual({ stopReason: "end_turn" });
});
