// Packs the library as it would be published: node scripts/pack.mjs <path of the tarball to write>
import { mkdtemp, readdir, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { root, run } from "./run-command.mjs";

const [tarball] = process.argv.slice(2);
if (tarball === undefined) throw new Error("Say where to write: node scripts/pack.mjs <tarball>");

const folder = await mkdtemp(join(dirname(tarball), "pack-"));
try {
  const { ok, output } = await run("npm", ["pack", "-w", "perdure", "--pack-destination", folder]);
  const [packed] = await readdir(folder);
  if (!ok || packed === undefined) throw new Error(`npm pack failed in ${root}:\n${output}`);
  await rename(join(folder, packed), tarball);
  console.log(output);
} finally {
  await rm(folder, { recursive: true, force: true });
}
