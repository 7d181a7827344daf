import { readFileSync } from "node:fs";
import { expect, onTestFinished, test } from "vitest";
import { demoText } from "../../src/demo-agent/index.ts";
import { FolderLockedError } from "../../src/runner/folder-lock.ts";
import type { RunAgentOptions } from "../../src/runner/run-agent.ts";
import { runAgent } from "../../src/runner/run-agent.ts";
import type { RunEnd } from "../../src/runner/run-runner.ts";
import {
  agentPid,
  demoAgent,
  isRunning,
  makeFolder,
  textIn,
  until,
  userMessage,
} from "./agent-bench.ts";
import { SessionDouble } from "./session-double.ts";

interface Run {
  readonly folder: string;
  readonly end: Promise<RunEnd>;
  stop(): void;
}

function startRun(
  session: SessionDouble,
  folder = makeFolder(),
  options: Partial<RunAgentOptions> = {},
): Run {
  const controller = new AbortController();
  const end = runAgent({
    url: session.url,
    token: async () => "the-token",
    renewsToken: false,
    stateDir: `${folder}/run`,
    agent: demoAgent(folder),
    clientInfo: { name: "test", version: "0" },
    signal: controller.signal,
    log: () => {},
    ...options,
  });
  onTestFinished(async () => {
    controller.abort();
    await end.catch(() => {});
  });
  return { folder, end, stop: () => controller.abort() };
}

const isStarted = (session: SessionDouble) => () => session.ofType("runner.started").length > 0;

const promptFor = (text: string) => ({
  kind: "prompt" as const,
  command: 5,
  turn: "turn-1",
  message: userMessage(text),
});

test("a prompt is answered through the socket, with the token in the header alone", async () => {
  const session = await SessionDouble.listen();
  startRun(session);
  await until(isStarted(session), "the start");
  session.command(promptFor("tokens=20 rate=0"));
  await until(() => session.ofType("turn.ended").length > 0, "the end of the turn");
  expect(textIn(session.events)).toBe(demoText("tokens=20 rate=0", 20));
  expect(session.requests[0]?.headers.authorization).toBe("Bearer the-token");
  expect(session.requests[0]?.url).toBe("/runner");
});

test("links that break in mid-turn lose nothing, repeat nothing, and change no order", async () => {
  const session = await SessionDouble.listen();
  session.acknowledges = false;
  startRun(session);
  await until(isStarted(session), "the start");
  session.command(promptFor("tokens=150 rate=100"));
  await until(() => session.ofType("command.begun").length > 0, "the command's begin");
  session.acknowledge();
  for (const count of [10, 60, 110]) {
    await until(() => session.ofType("text-delta").length >= count, `${count} deltas`);
    session.socket?.terminate();
  }
  await until(() => session.ofType("turn.ended").length > 0, "the end of the turn");
  expect(textIn(session.events)).toBe(demoText("tokens=150 rate=100", 150));
});

test("a fenced runner kills its agent, forgets what it holds, and says so within 2 s", async () => {
  const session = await SessionDouble.listen();
  const run = startRun(session);
  await until(isStarted(session), "the start");
  session.command(promptFor("tokens=10000 rate=100"));
  await until(() => session.ofType("text-delta").length > 0, "some text");
  const pid = agentPid(run.folder);
  session.acknowledges = false;
  session.socket?.close(4409, "fenced");
  const deadline = new Promise((resolve) => setTimeout(resolve, 2_000, "too late"));
  expect(await Promise.race([run.end, deadline])).toMatchObject({ kind: "closed", code: 4409 });
  expect(isRunning(pid)).toBe(false);

  const next = await SessionDouble.listen();
  startRun(next, run.folder);
  await until(isStarted(next), "the next start");
  expect(next.events.map(({ type }) => type)).toEqual(["runner.started"]);
});

test("a runner that is told to stop ends the turn as interrupted, and the session has all of it", async () => {
  const session = await SessionDouble.listen();
  const run = startRun(session);
  await until(isStarted(session), "the start");
  session.command(promptFor("tokens=10000 rate=100"));
  await until(() => session.ofType("text-delta").length > 0, "some text");
  const pid = agentPid(run.folder);
  run.stop();
  expect(await run.end).toEqual({ kind: "stopped" });
  expect(session.events.at(-1)).toMatchObject({ type: "turn.ended", outcome: "interrupted" });
  expect(isRunning(pid)).toBe(false);
});

test("what a stopped runner could not hand over, the next one sends before its start", async () => {
  const session = await SessionDouble.listen();
  const run = startRun(session);
  await until(isStarted(session), "the start");
  session.command(promptFor("tokens=10000 rate=100"));
  await until(() => session.ofType("text-delta").length > 0, "some text");
  session.refusal = { status: 503, body: "" };
  session.socket?.terminate();
  run.stop();
  await run.end;
  expect(session.ofType("turn.ended")).toEqual([]);

  session.refusal = undefined;
  startRun(session, run.folder);
  await until(() => session.ofType("runner.started").length === 2, "the second start");
  expect(session.ofType("turn.ended")).toHaveLength(1);
  expect(session.events.at(-1)).toMatchObject({ type: "runner.started", restored: "resumed" });
});

test.each([
  [401, "unauthorized"],
  [403, "forbidden"],
  [404, "session_not_found"],
  [410, "session_terminated"],
])("HTTP status %i at the door is final, with the server's words", async (status, code) => {
  const session = await SessionDouble.listen();
  session.refusal = { status, body: JSON.stringify({ code, detail: "So it is." }) };
  expect(await startRun(session).end).toEqual({
    kind: "refused",
    problem: { code, detail: "So it is." },
  });
});

test("a server that is not ready yet is dialled again", async () => {
  const session = await SessionDouble.listen();
  session.refusal = { status: 503, body: "starting" };
  startRun(session);
  await until(() => session.requests.length > 0, "an attempt");
  session.refusal = undefined;
  await until(isStarted(session), "the start");
  expect(session.requests.length).toBeGreaterThan(1);
});

test("N28 with cancel, a turn that nobody can see ends as cancelled, and the session learns why", async () => {
  const session = await SessionDouble.listen();
  const run = startRun(session, makeFolder(), { onPartition: { turn: "cancel", afterMs: 300 } });
  await until(isStarted(session), "the start");
  session.command(promptFor("tokens=10000 rate=100"));
  await until(() => session.ofType("text-delta").length > 0, "some text");
  session.refusal = { status: 503, body: "" };
  session.socket?.terminate();
  const spool = `${run.folder}/run/spool.jsonl`;
  await until(() => readFileSync(spool, "utf8").includes("turn.ended"), "the end of the turn");
  expect(session.ofType("turn.ended")).toEqual([]);
  session.refusal = undefined;
  await until(() => session.ofType("turn.ended").length > 0, "the news of it");
  expect(session.events.at(-1)).toMatchObject({
    type: "turn.ended",
    outcome: "cancelled",
    reason: "Partition: the runner could not reach the session for 0.3 s.",
  });
});

test("two runners do not share a folder", async () => {
  const session = await SessionDouble.listen();
  const run = startRun(session);
  await until(isStarted(session), "the start");
  await expect(startRun(session, run.folder).end).rejects.toThrow(FolderLockedError);
});
