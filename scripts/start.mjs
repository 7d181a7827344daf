// `npm start`: builds what has changed, serves, runs the demo agent in a session, and prints one URL that leads there.
// Ctrl-C ends all of it.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { isBuilt } from "./build-state.mjs";
import { root, run } from "./run-command.mjs";

/** @typedef {import("node:child_process").ChildProcess} Child */

const session = "demo";

const program = join(root, "packages", "cli", "bin", "perdure.js");

/** Exit codes of `perdure run` after which a new start would end alike: wrong call, not let in, gone, in conflict, fenced. */
const finalExitCodes = new Set([2, 3, 4, 5, 7]);

const firstBackoffMs = 500;
const longestBackoffMs = 15_000;

/** How long the runner may take to hand over what its agent said, before the server is stopped. */
const handOverMs = 2_000;

/** What has not ended this long after Ctrl-C is killed. */
const stopMs = 4_500;

/** One press of Ctrl-C can arrive twice: from the terminal, and passed on by npm. */
const sameSignalMs = 500;

/** All that runs now. @type {Set<Child>} */
const children = new Set();
// Also when this script fails. The server takes workerd with it, the runner its agent.
process.on("exit", () => children.forEach((child) => child.kill("SIGTERM")));

/** When Ctrl-C was pressed. @type {number | undefined} */
let stoppedAt;
const isStopping = () => stoppedAt !== undefined;

const { port, dir } = readArguments();
if (!isBuilt()) await build();
for (const signal of /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP"]))
  process.on(signal, () => void onSignal(signal));
const server = perdure("serve", "--port", port, "--dir", dir);
server.stderr?.pipe(process.stderr);
// Where it could not run, it has said why.
server.once("exit", (code) => process.exit(isStopping() ? 0 : (code ?? 1)));
const loginUrl = await loginUrlOf(server);
await keepRunnerRunning();

function readArguments() {
  const { values } = parseArgs({
    options: {
      port: { type: "string", default: process.env["PORT"] ?? "8787" },
      dir: { type: "string", default: ".perdure" },
    },
  });
  return { port: values.port, dir: resolve(values.dir) };
}

async function build() {
  console.log("Building…");
  const { ok, output } = await run("npm", ["run", "build"]);
  if (ok) return;
  console.error(output);
  process.exit(1);
}

/**
 * Starts a command at the head of a process group of its own: what a terminal sends reaches this script alone, which ends
 * its children in order.
 *
 * @param {...string} parameters
 */
function perdure(...parameters) {
  const child = spawn(process.execPath, [program, ...parameters], {
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  children.add(child);
  child.once("exit", () => children.delete(child));
  return child;
}

/**
 * @param {import("node:child_process").ChildProcessByStdio<null, import("node:stream").Readable, import("node:stream").Readable>} server
 * @returns {Promise<string>}
 */
function loginUrlOf(server) {
  return new Promise((resolve) => {
    createInterface({ input: server.stdout }).on("line", (line) => {
      const [url] = /http:\S+\/login\?token=[\w.-]+/.exec(line) ?? [];
      if (url !== undefined) resolve(url);
    });
  });
}

/** Resolves when the runner is not to be started again. */
async function keepRunnerRunning() {
  let isAnnounced = false;
  let backoffMs = firstBackoffMs;
  while (!isStopping()) {
    const code = await runDemoAgent(() => {
      if (!isAnnounced) announce();
      isAnnounced = true;
      backoffMs = firstBackoffMs;
    });
    if (isStopping()) return;
    if (code !== null && finalExitCodes.has(code)) {
      console.error("The runner is not started again.");
      return;
    }
    console.error(`The runner has ended and starts again in ${backoffMs} ms.`);
    await sleep(backoffMs);
    backoffMs = Math.min(backoffMs * 2, longestBackoffMs);
  }
}

/**
 * Runs the demo agent until its runner ends, and returns the exit code, or null after a signal. What the runner says on the
 * way to being ready is shown only if it does not get there.
 *
 * @param {() => void} onReady
 */
async function runDemoAgent(onReady) {
  const folder = join(dir, session);
  const workingFolder = join(folder, "files");
  mkdirSync(workingFolder, { recursive: true });
  const connection = ["--url", new URL(loginUrl).origin, "--dir", dir];
  const options = ["--session", session, "--create", "--title", "Demo", "--cwd", workingFolder];
  const agent = [process.execPath, program, "demo-agent", "--state-dir", join(folder, "agent")];
  const runnerState = ["--state-dir", join(folder, "runner")];
  const runner = perdure("run", ...connection, ...options, ...runnerState, "--", ...agent);
  /** @type {string[]} */
  const held = [];
  let isReady = false;
  createInterface({ input: runner.stderr }).on("line", (line) => {
    if (isReady) console.error(line);
    else held.push(line);
    if (isReady || !/ is ready \(/.test(line)) return;
    isReady = true;
    onReady();
  });
  const [code] = /** @type {[number | null]} */ (await once(runner, "close"));
  if (!isReady && !isStopping()) console.error(held.join("\n"));
  return code;
}

function announce() {
  console.log(`
  Open  ${loginUrl}&next=/s/${session}

  Say "edit the notes": the agent asks before it writes, and you answer in the page.
  Say "tokens=600 plan edit", then reload, open a second tab, or kill workerd: the session goes on.
`);
}

/** @param {NodeJS.Signals} signal */
async function onSignal(signal) {
  if (stoppedAt !== undefined) {
    if (performance.now() - stoppedAt >= sameSignalMs) endAll();
    return;
  }
  stoppedAt = performance.now();
  setTimeout(endAll, stopMs).unref();
  const runners = [...children].filter((child) => child !== server);
  const ended = runners.map((runner) => once(runner, "exit"));
  for (const runner of runners) runner.kill(signal);
  await Promise.race([Promise.all(ended), sleep(handOverMs)]);
  server.kill(signal);
}

/** The second signal to a server ends it at once, and workerd with it. */
function endAll() {
  for (const child of children) child.kill(child === server ? "SIGTERM" : "SIGKILL");
}
