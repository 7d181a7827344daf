/** `npm run bench [-- --quick] [-- --only <name>]`: runs the measurements, prints and writes what they found. */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { Contender, ContenderName } from "./contender.ts";
import { CONTENDERS } from "./contender.ts";
import type { Bench, Measurement } from "./harness.ts";
import { enter } from "./lineup.ts";
import { surroundings } from "./machine.ts";
import { append } from "./measurements/append.ts";
import { authGet } from "./measurements/auth-get.ts";
import { bundleSize } from "./measurements/bundle-size.ts";
import { coldWake } from "./measurements/cold-wake.ts";
import { commands } from "./measurements/commands.ts";
import { connectionWake } from "./measurements/connection-wake.ts";
import { fanOut } from "./measurements/fan-out.ts";
import { liveQueries } from "./measurements/live-queries.ts";
import { mcp } from "./measurements/mcp.ts";
import { memory } from "./measurements/memory.ts";
import { reconnect } from "./measurements/reconnect.ts";
import { relayLatency } from "./measurements/relay-latency.ts";
import { rooms } from "./measurements/rooms.ts";
import { shardWake } from "./measurements/shard-wake.ts";
import { stateWrites } from "./measurements/state-writes.ts";
import { tokenCost } from "./measurements/token-cost.ts";
import type { Run } from "./report.ts";
import { formatJson, formatReport } from "./report.ts";

/** Those that start servers anew come last. */
const MEASUREMENTS: readonly Measurement[] = [
  append,
  commands,
  fanOut,
  relayLatency,
  reconnect,
  tokenCost,
  authGet,
  stateWrites,
  rooms,
  connectionWake,
  liveQueries,
  shardWake,
  mcp,
  coldWake,
  memory,
  bundleSize,
];

const ROUNDS = 7;
const QUICK_ROUNDS = 2;

const { values: options } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    only: { type: "string", multiple: true, default: [] },
  },
});
const chosen = MEASUREMENTS.filter(
  ({ name }) => options.only.length === 0 || options.only.includes(name),
);
if (chosen.length === 0) {
  console.error(`--only knows: ${MEASUREMENTS.map(({ name }) => name).join(", ")}.`);
  process.exit(2);
}

const isQuick = options.quick;
const rounds = isQuick ? QUICK_ROUNDS : ROUNDS;
const folder = mkdtempSync(join(tmpdir(), "perdure-bench-"));
const running = new Map<ContenderName, Contender>();
const bench: Bench = {
  folder,
  rounds,
  isQuick,
  contenders: (...names) => names.flatMap((name) => running.get(name) ?? []),
};

// However this ends, no server outlives it.
process.once("exit", () => {
  for (const { server } of running.values()) server.kill();
  rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
});
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(130));

try {
  for (const name of CONTENDERS) running.set(name, await enter(name, folder));
  const results: Run["results"][number][] = [];
  for (const measurement of chosen) {
    const start = performance.now();
    results.push({ measurement, figures: await measurement.run(bench) });
    const seconds = (performance.now() - start) / 1000;
    console.error(`${measurement.name}: ${seconds.toFixed(0)} s`);
  }
  const run: Run = { surroundings: surroundings(), rounds, isQuick, results };
  const report = formatReport(run);
  console.log(report);
  // A part of the table is for looking at; only a whole one replaces what is there.
  if (chosen.length === MEASUREMENTS.length) {
    writeFileSync(join(import.meta.dirname, "../RESULTS.md"), report);
    writeFileSync(join(import.meta.dirname, "../results.json"), formatJson(run));
  }
} finally {
  for (const { server } of running.values()) await server.stop();
}
