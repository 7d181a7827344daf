import { globSync, statSync } from "node:fs";
import { join } from "node:path";
import { root } from "./run-command.mjs";

const sources = [
  "package-lock.json",
  "tsconfig.base.json",
  "{packages,apps}/*/*.{json,ts,html}",
  "packages/*/src/**",
  "apps/*/{src,public}/**",
];

const outputs = [
  "packages/perdure/dist/protocol/index.js",
  "packages/perdure/dist/client/index.js",
  "packages/cli/dist/main.js",
  "packages/cli/dist/worker.js",
  "packages/cli/dist/console/index.html",
];

/**
 * Whether the build is newer than all that it is made of. Folders count as well as files, because a file that was taken
 * away leaves its mark on its folder alone.
 */
export function isBuilt() {
  const builtAt = outputs.map((path) => modifiedAt(path) ?? 0);
  const changedAt = globSync(sources, { cwd: root }).map((path) => modifiedAt(path) ?? 0);
  return Math.min(...builtAt) > Math.max(...changedAt);
}

/**
 * @param {string} path
 * @returns {number | undefined}
 */
function modifiedAt(path) {
  return statSync(join(root, path), { throwIfNoEntry: false })?.mtimeMs;
}
