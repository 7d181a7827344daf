import { execFile } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** What a run of the simulation printed, and whether it was as it should be. */
export interface Run {
  readonly isGood: boolean;
  readonly output: string;
}

/** Every run loads the same files: what is made of them is kept, a third of a run of few seeds. */
const COMPILED = join(ROOT, "node_modules/.cache/simulation");

/** A product without one of its rules may go round in circles: this only ends that, on a machine however busy. */
const LONGEST_RUN_MS = 1_200_000;

/** Runs `npm run simulate -- <parameters>`, without npm. */
export function simulate(...parameters: readonly string[]): Promise<Run> {
  return play("simulation/main.ts", ...parameters);
}

/** Runs a program of the simulation. */
export function play(program: string, ...parameters: readonly string[]): Promise<Run> {
  const node = ["--conditions=perdure-source", "--import", "./simulation/hooks.mjs"];
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [...node, program, ...parameters],
      {
        cwd: ROOT,
        env: { ...process.env, NODE_COMPILE_CACHE: COMPILED },
        maxBuffer: 64 * 1024 * 1024,
        timeout: LONGEST_RUN_MS,
      },
      (error, stdout, stderr) => resolve({ isGood: error === null, output: stdout + stderr }),
    );
  });
}
