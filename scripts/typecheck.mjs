import { spawnSync } from "node:child_process";
import { globSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const projects = globSync("**/tsconfig{,.*}.json", {
  cwd: root,
  exclude: ["**/node_modules", "**/dist", "tsconfig.base.json"],
}).toSorted();

let failed = 0;
for (const project of projects) {
  const { status } = spawnSync("tsc", ["--noEmit", "-p", project], { cwd: root, stdio: "inherit" });
  if (status !== 0) failed += 1;
}
console.log(`${projects.length} projects, ${failed} with errors.`);
process.exitCode = failed > 0 || projects.length === 0 ? 1 : 0;
