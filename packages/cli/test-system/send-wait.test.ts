import { isObject } from "perdure/protocol";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { demoText } from "../src/demo-agent/text.ts";
import { CutProxy } from "./support/cut-proxy.ts";
import { startServerWithDoors } from "./support/doors.ts";
import type { Program } from "./support/program.ts";
import { Scene } from "./support/scene.ts";
import { SessionLog } from "./support/session-log.ts";
import { until } from "./support/until.ts";

const scene = new Scene();
const SESSION = "asked";
let proxy: CutProxy;
let server: Awaited<ReturnType<typeof startServerWithDoors>>;

beforeAll(async () => {
  proxy = await CutProxy.open();
  server = await startServerWithDoors(scene, ["--allowed-host", proxy.host]);
  proxy.leadTo(server.port);
  await scene.startRunner(server, SESSION);
});

afterAll(async () => {
  proxy.close();
  await scene.end();
});

/** Runs a command on the session, over a link that can be cut. */
const on = (command: string, ...parameters: readonly string[]) =>
  onSession(SESSION, command, ...parameters);

function onSession(session: string, command: string, ...parameters: readonly string[]): Program {
  const connection = ["--url", proxy.url, "--dir", scene.dir];
  return scene.run(command, session, ...parameters, ...connection);
}

/** Has prompts answered, each in a turn named like its first word, and then retention pass them all. */
async function answerAndTrim(session: string, prompts: readonly string[]): Promise<void> {
  await scene.startRunner(server, session);
  for (const text of prompts)
    await server.api.post(`v1/sessions/${session}/messages`, { id: turnOf(text), text });
  await until("all are answered", async () => {
    const info = await server.api.get(`v1/sessions/${session}`);
    return isObject(info) && info["status"] === "idle";
  });
  // The row at which nothing was open any more must not be the last, which stays.
  await server.api.post(`v1/sessions/${session}/pause`, {});
  await server.api.post(`v1/sessions/${session}/resume`, {});
  expect(await server.trim(session, Number.MAX_SAFE_INTEGER)).toBeGreaterThan(10);
}

const turnOf = (prompt: string) => prompt.replace(/ .*/, "");

/** Sends a prompt again under its id, and waits. */
const sendAgain = (session: string, prompt: string) =>
  onSession(session, "send", prompt, "--wait", "--id", turnOf(prompt));

test("`perdure send --wait` prints the answer to its prompt and nothing else", async () => {
  const prompt = "tokens=20 rate=0";
  const send = on("send", prompt, "--wait");

  expect(await send.exited).toEqual({ code: 0, signal: null });
  expect(send.stdout).toBe(`agent: ${demoText(prompt, 20)}\n`);
  expect(send.stderr).toBe("");
});

test("a prompt sent again under its id is not run again, and its answer is printed again", async () => {
  const prompt = "tokens=20 rate=0 once";
  const first = on("send", prompt, "--wait", "--id", "once");
  await first.exited;
  const again = on("send", prompt, "--wait", "--id", "once");

  expect(await again.exited).toEqual({ code: 0, signal: null });
  expect(again.stdout).toBe(`agent: ${demoText(prompt, 20)}\n`);
  expect(again.stdout).toBe(first.stdout);
  const log = await SessionLog.follow(server, SESSION);
  onTestFinished(() => log.client.close());
  expect(log.all("turn.queued").filter(({ turn }) => turn === "once")).toHaveLength(1);
});

test("a link that is cut in mid-answer leaves no gap and no repeat in what is printed", async () => {
  const prompt = "tokens=200 rate=60";
  const whole = `agent: ${demoText(prompt, 200)}\n`;
  const send = on("send", prompt, "--wait");
  for (const part of [1, 400]) {
    await until(`${part} characters are printed`, () => send.stdout.length >= part);
    expect(send.stdout.length).toBeLessThan(whole.length);
    proxy.cut();
  }

  expect(await send.exited).toEqual({ code: 0, signal: null });
  expect(send.stdout).toBe(whole);
});

test("a question in the turn is printed with its id and options, and the answer goes on when it is decided", async () => {
  const send = on("send", "tokens=5 rate=0 edit", "--wait");
  const [, approval = ""] = await send.said(/\[approval (\S+): .*allow_once.*\]/);
  const approve = on("approve", approval, "--option", "allow_once");
  expect(await approve.exited).toEqual({ code: 0, signal: null });

  expect(await send.exited).toEqual({ code: 0, signal: null });
  expect(send.stdout).toMatch(/I added a line to \*\*notes\.md\*\*\.\n$/);
});

test("a turn that fails makes it fail, with the reason", async () => {
  const send = on("send", "tokens=5 rate=0 fail", "--wait");

  expect(await send.exited).toEqual({ code: 1, signal: null });
  expect(send.stdout).toContain("[turn failed: The prompt asked the demo agent to fail.]");
  expect(send.stderr).toMatch(/failed: The prompt asked the demo agent to fail\.\n$/);
});

test("an interrupt ends the waiting and not the turn", async () => {
  const prompt = "tokens=100 rate=60 patience";
  const send = on("send", prompt, "--wait", "--id", "patience");
  await send.said(/agent: \w/);

  expect(await send.end("SIGINT")).toEqual({ code: 1, signal: null });
  expect(send.stderr).toContain("turn patience goes on");
  const again = on("send", prompt, "--wait", "--id", "patience");
  expect(await again.exited).toEqual({ code: 0, signal: null });
  expect(again.stdout).toBe(`agent: ${demoText(prompt, 100)}\n`);
});

test("a turn that retention has passed is over: its messages are printed, wherever it stood", async () => {
  const prompts = ["first tokens=20 rate=0", "second tokens=20 rate=0", "third tokens=20 rate=0"];
  await answerAndTrim("trimmed", prompts);
  for (const prompt of prompts) {
    const again = sendAgain("trimmed", prompt);
    expect(await again.exited).toEqual({ code: 0, signal: null });
    expect(again.stdout).toBe(`agent: ${demoText(prompt, 20)}\n`);
    expect(again.stderr).toContain(`Turn ${turnOf(prompt)} has ended`);
  }
});

test("a turn that retention has passed, and whose messages are too old for a snapshot, makes it fail", async () => {
  const first = "first tokens=5 rate=0";
  // A snapshot holds the newest 50 messages, as of the last moment at which no turn was open.
  const others = Array.from({ length: 30 }, (_, n) => `other-${n} tokens=1 rate=0`);
  await answerAndTrim("long-ago", [first, ...others]);
  const again = sendAgain("long-ago", first);
  expect(await again.exited).toEqual({ code: 1, signal: null });
  expect(again.stdout).toBe("");
  expect(again.stderr).toContain("Turn first has ended; the log no longer has its events.\n");
});

test("a turn that failed makes it fail with the reason after retention has passed it, too", async () => {
  const prompt = "last tokens=5 rate=0 fail";
  await answerAndTrim("failed", ["first tokens=20 rate=0", prompt]);
  const again = sendAgain("failed", prompt);
  expect(await again.exited).toEqual({ code: 1, signal: null });
  expect(again.stderr).toMatch(/failed: The prompt asked the demo agent to fail\.\n$/);
});
