import { execFile } from "node:child_process";
import { globSync } from "node:fs";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const projects = globSync("**/tsconfig{,.*}.json", {
  cwd: root,
  exclude: ["**/node_modules", "**/dist", "tsconfig.base.json"],
}).toSorted();

let checked = 0;
let failed = 0;

/**
 * Whether a project has no errors; it prints them. On one thread: several would each learn the same types anew.
 *
 * @param {string} project
 * @returns {Promise<boolean>}
 */
function isGood(project) {
  const parameters = ["--noEmit", "--singleThreaded", "-p", project];
  return new Promise((resolve) => {
    execFile(
      "tsc",
      parameters,
      { cwd: root, maxBuffer: 64 * 1024 * 1024 },
      (error, out, problem) => {
        process.stdout.write(out + problem);
        if (error !== null && out === "") console.log(`${project}: ${error.message}`);
        resolve(error === null);
      },
    );
  });
}

/** @param {string[]} waiting Projects: taken from here one by one. */
async function checkNext(waiting) {
  for (let project = waiting.shift(); project !== undefined; project = waiting.shift()) {
    checked += 1;
    if (!(await isGood(project))) failed += 1;
  }
}

const waiting = [...projects];
await Promise.all(Array.from({ length: availableParallelism() }, () => checkNext(waiting)));
console.log(`${checked} projects, ${failed} with errors.`);
process.exitCode = failed > 0 || checked === 0 ? 1 : 0;
