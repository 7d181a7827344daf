/**
 * Runs seeds: `npm run simulate -- [--seeds N] [--seed S] [--trace] [--mutate RULE] [--jobs N]`.
 *
 * Exits with 1 where a rule is broken, and prints the command that shows it again. With `--mutate` it is the other way
 * round: it exits with 1 where the missing rule is not noticed.
 */

import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { MUTATIONS } from "./mutations/index.ts";
import { runInParallel } from "./parallel.ts";
import { installPlatform } from "./platform/object-host.ts";
import { installGlobals } from "./runtime/globals.ts";
import { Summary } from "./summary.ts";

const { values } = parseArgs({
  options: {
    /** How many seeds to run. */
    seeds: { type: "string" },
    /** The first seed; alone, the only one. */
    seed: { type: "string" },
    /** Prints all that happens. */
    trace: { type: "boolean", default: false },
    /** Takes a rule away; stops at the first seed that notices. */
    mutate: { type: "string" },
    /** Processes that share the seeds. */
    jobs: { type: "string", default: String(availableParallelism()) },
    /** Prints the result of each seed as JSON, for the process that shares the seeds out. */
    json: { type: "boolean", default: false },
  },
});

const mutation = MUTATIONS.find(({ id }) => id === values.mutate);
const first = Number(values.seed ?? mutation?.seed ?? 1);
const count = Number(values.seeds ?? (values.seed === undefined ? 1_000 : 1));
const jobs = values.trace || values.json || values.mutate !== undefined ? 1 : Number(values.jobs);
const summary = new Summary();
const started = performance.now();

if (jobs > 1 && count > 1) {
  await runInParallel({ first, count, jobs, onResult: (result) => summary.add(result) });
} else {
  installPlatform();
  installGlobals();
  const { runSeed } = await import("./run-seed.ts");
  for (let seed = first; seed < first + count; seed += 1) {
    const result = await runSeed(seed, values.trace ? (line) => console.log(line) : undefined);
    if (values.json) console.log(JSON.stringify(result));
    else summary.add(result);
    if (values.mutate !== undefined && result.violation !== undefined) break;
  }
}

if (!values.json) summary.print((performance.now() - started) / 1000);
const isBroken = summary.violations > 0;
process.exitCode = isBroken === (values.mutate === undefined) ? 1 : 0;
