import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { isObject } from "perdure/protocol";
import { demoText } from "../src/demo-agent/index.ts";
import { HttpApi } from "../src/commands/http-api.ts";
import { identityOf } from "../src/serve/process-identity.ts";
import { readServerRecord } from "../src/serve/server-record.ts";
import { PERDURE, Program, ROOT } from "./support/program.ts";
import { Scene } from "./support/scene.ts";
import { takenPort } from "./support/taken-port.ts";
import { until } from "./support/until.ts";

/** Runs `npm start` on a free port until the test has ended. */
function start(scene: Scene, ...parameters: readonly string[]): Program {
  const all = ["start", "--silent", "--", "--dir", scene.dir, "--port", "0", ...parameters];
  return scene.keep(new Program("npm", all, ROOT), "SIGTERM");
}

async function startUntilReady() {
  const scene = new Scene();
  onTestFinished(() => scene.end());
  const program = start(scene);
  const [url] = await program.said(/http:\S+\/login\?\S+(?=\n)/);
  return { scene, program, url };
}

/** The process id of the runner that works now. */
const runnerPid = ({ dir }: Scene) =>
  until("a runner works", () => {
    const lock = readIfThere(join(dir, "demo/runner/lock"));
    const value: unknown = lock === undefined ? undefined : JSON.parse(lock);
    return isObject(value) && typeof value["pid"] === "number" ? value["pid"] : undefined;
  });

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

/** The texts of a session's messages, once there are as many. */
const texts = (get: () => Promise<unknown>, count: number) =>
  until(`there are ${count} messages`, async () => {
    const page = await get();
    const messages = isObject(page) && Array.isArray(page["messages"]) ? page["messages"] : [];
    return messages.length >= count ? JSON.stringify(messages) : undefined;
  });

test("the one URL that is printed leads into a session where the agent answers", async () => {
  const { program, url } = await startUntilReady();
  expect(program.stdout.match(/http:/g)).toHaveLength(1);
  expect(program.stderr).toBe("");

  const { origin } = new URL(url);
  const login = await fetch(url, { redirect: "manual" });
  expect([login.status, login.headers.get("location")]).toEqual([303, "/s/demo"]);
  const [cookie = ""] = login.headers.get("set-cookie")?.split(";") ?? [];
  const messages = new URL("/v1/sessions/demo/messages", origin);
  const prompt = "tokens=20 rate=0";
  const sent = await fetch(messages, {
    method: "POST",
    headers: { cookie, origin, "content-type": "application/json" },
    body: JSON.stringify({ id: "p1", text: prompt }),
  });
  expect(sent.status).toBe(202);
  const answer = await texts(
    async () => (await fetch(messages, { headers: { cookie } })).json(),
    2,
  );
  expect(answer).toContain(JSON.stringify(demoText(prompt, 20)));
});

test("Ctrl-C ends the server, workerd and the runner within five seconds, in mid-turn too", async () => {
  const { scene, program, url } = await startUntilReady();
  const { origin } = new URL(url);
  const record = readServerRecord(join(scene.dir, "server.json"));
  const pids = [record?.pid ?? 0, record?.workerdPid ?? 0, await runnerPid(scene)];
  const api = new HttpApi({ url: origin, dir: scene.dir }, { role: "admin" });
  await api.post("v1/sessions/demo/messages", { id: "p1", text: "tokens=2000 rate=60" });
  await until("the turn runs", async () =>
    JSON.stringify(await api.get("v1/sessions/demo/events?after=0")).includes("text-delta"),
  );

  // To the whole group, as a terminal does: npm passes it on as well.
  process.kill(-program.pid, "SIGINT");
  const exit = await Promise.race([program.exited, sleep(5_000, "still runs after five seconds")]);
  expect(exit).toEqual({ code: 0, signal: null });
  expect(pids.map(identityOf)).toEqual([undefined, undefined, undefined]);
});

test("a runner that dies is started again, and one that another has taken over from is not", async () => {
  const { scene, program, url } = await startUntilReady();
  const { origin } = new URL(url);
  const first = await runnerPid(scene);
  process.kill(first, "SIGKILL");
  await program.said(/The runner has ended and starts again/);
  const second = await until("another runner works", async () => {
    const pid = await runnerPid(scene);
    return pid === first ? undefined : pid;
  });
  const api = new HttpApi({ url: origin, dir: scene.dir }, { role: "admin" });
  await api.post("v1/sessions/demo/messages", { id: "p1", text: "tokens=5 rate=0" });
  await texts(() => api.get("v1/sessions/demo/messages"), 2);

  const { folder, dir } = scene;
  const connection = ["--url", origin, "--dir", dir, "--session", "demo"];
  const agent = [process.execPath, PERDURE, "demo-agent", "--state-dir", join(folder, "agent")];
  scene.run("run", ...connection, "--state-dir", join(folder, "other"), "--", ...agent);
  await program.said(/The runner is not started again/);
  await until("the runner is gone", () => identityOf(second) === undefined);
  expect(program.isRunning).toBe(true);
});

test("a port that another program has is one clear line", async () => {
  const scene = new Scene();
  onTestFinished(() => scene.end());
  const port = await takenPort();

  const program = start(scene, "--port", String(port));
  expect(await program.exited).toEqual({ code: 1, signal: null });
  expect(program.stdout).not.toContain("http:");
  expect(program.stderr).toBe(
    `perdure: Another program listens on 127.0.0.1:${port}: stop it, or choose a port with --port (0 takes a free one).\n`,
  );
});
