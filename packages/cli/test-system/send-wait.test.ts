import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { demoText } from "../src/demo-agent/text.ts";
import { CutProxy } from "./support/cut-proxy.ts";
import type { Program } from "./support/program.ts";
import type { RunningServer } from "./support/scene.ts";
import { Scene } from "./support/scene.ts";
import { SessionLog } from "./support/session-log.ts";
import { until } from "./support/until.ts";

const scene = new Scene();
const SESSION = "asked";
let proxy: CutProxy;
let server: RunningServer;

beforeAll(async () => {
  proxy = await CutProxy.open();
  const allowed = ["--allowed-host", `127.0.0.1:${proxy.port}`];
  server = await scene.startServer({ parameters: allowed });
  proxy.leadTo(server.port);
  await scene.startRunner(server, SESSION);
});

afterAll(async () => {
  proxy.close();
  await scene.end();
});

/** Runs a command on the session, over a link that can be cut. */
function on(command: string, ...parameters: readonly string[]): Program {
  const connection = ["--url", `http://127.0.0.1:${proxy.port}`, "--dir", scene.dir];
  return scene.run(command, SESSION, ...parameters, ...connection);
}

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
