import { spawn } from "node:child_process";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The root of the repository. */
export const root = fileURLToPath(new URL("..", import.meta.url));

const limitInMinutes = 25;

/** Hundreds of processes load the same programs, as Wrangler is: what Node makes of them is kept. */
const compiled = join(root, "node_modules", ".cache", "compiled");

/**
 * Runs a command from the root of the repository with the workspace's own tools first in the path, and keeps what it says.
 * A command that outlasts the limit is ended with everything that it started, and has failed.
 *
 * @param {string} command
 * @param {readonly string[]} parameters
 * @returns {Promise<{ ok: boolean, output: string, seconds: number }>}
 */
export function run(command, parameters) {
  const start = performance.now();
  const child = spawn(command, parameters, {
    cwd: root,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      ...process.env,
      PATH: [join(root, "node_modules", ".bin"), process.env["PATH"]].join(delimiter),
      NODE_COMPILE_CACHE: compiled,
      NO_COLOR: "1",
      CI: "1",
    },
  });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text) => (output += text));
  child.stderr.setEncoding("utf8").on("data", (text) => (output += text));

  return new Promise((resolve) => {
    /** @param {boolean} ok */
    const finish = (ok) => {
      clearTimeout(timer);
      resolve({ ok, output, seconds: (performance.now() - start) / 1000 });
    };
    const timer = setTimeout(() => {
      output += `Ended after ${limitInMinutes} minutes.\n`;
      endGroup(child.pid);
    }, limitInMinutes * 60_000);
    // A process that the command left behind would hold its output open for ever.
    child.once("exit", () => endGroup(child.pid));
    child.once("error", (error) => {
      output += `${error.message}\n`;
      finish(false);
    });
    child.once("close", (code) => finish(code === 0));
  });
}

/** @param {number | undefined} leader The id of the first process of the group, if it was started. */
function endGroup(leader) {
  if (leader === undefined) return;
  try {
    process.kill(-leader, "SIGKILL");
  } catch {
    // Nothing of the group is left.
  }
}
