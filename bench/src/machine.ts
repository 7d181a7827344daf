/** What a run's figures belong to: the machine, and the versions of everything. */

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { availableParallelism, cpus, release, totalmem, type } from "node:os";
import { join } from "node:path";

const PACKAGES = [
  "perdure",
  "agents",
  "partyserver",
  "partysocket",
  "tmcp",
  "@tmcp/session-manager-durable-objects",
  "workerd",
  "ws",
  "rolldown",
];

export interface Surroundings {
  readonly date: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memory: string;
  readonly kernel: string;
  readonly versions: Readonly<Record<string, string>>;
}

export function surroundings(): Surroundings {
  return {
    date: new Date().toISOString().slice(0, 16).replace("T", " ") + " UTC",
    cpu: cpus()[0]?.model ?? "unknown",
    cores: availableParallelism(),
    memory: `${(totalmem() / 2 ** 30).toFixed(1)} GiB`,
    kernel: `${type()} ${release()}`,
    versions: {
      node: process.versions.node,
      ...Object.fromEntries(PACKAGES.map((name) => [name, versionOf(name)])),
    },
  };
}

/** A package's version. Not every package exports its package.json, so it is looked for beside its code. */
function versionOf(name: string): string {
  const require = createRequire(import.meta.url);
  for (const folder of require.resolve.paths(name) ?? []) {
    try {
      const text = readFileSync(join(folder, name, "package.json"), "utf8");
      return (JSON.parse(text) as { readonly version: string }).version;
    } catch {
      // Not in this folder: perhaps in one above.
    }
  }
  throw new Error(`${name} is not installed; run \`npm ci\`.`);
}
