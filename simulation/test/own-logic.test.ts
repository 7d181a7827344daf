import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseSync, Visitor } from "vite";
import { expect, test } from "vitest";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** The simulation's own files, but for its tests. */
const OWN = globSync("simulation/**/*.{ts,mjs}", { cwd: ROOT }).filter(
  (file) => !file.startsWith("simulation/test/"),
);

/** The product's classes that decide about delivery, order, fencing, turns, approvals and resuming. */
const DECIDING = [
  "packages/perdure/src/object/base-do.ts",
  "packages/perdure/src/object/commands.ts",
  "packages/perdure/src/object/commit-queue.ts",
  "packages/perdure/src/object/timers.ts",
  "packages/perdure/src/log/event-log.ts",
  "packages/perdure/src/log/producers.ts",
  "packages/perdure/src/session/session-do.ts",
  "packages/perdure/src/session/session.ts",
  "packages/perdure/src/session/commits.ts",
  "packages/perdure/src/session/outbound.ts",
  "packages/perdure/src/session/reader-traffic.ts",
  "packages/perdure/src/session/runner-traffic.ts",
  "packages/perdure/src/session/session-log.ts",
  "packages/perdure/src/session/relay.ts",
  "packages/perdure/src/session/redelivery.ts",
  "packages/perdure/src/session/claims.ts",
  "packages/perdure/src/session/readers.ts",
  "packages/perdure/src/session/approvals.ts",
  "packages/perdure/src/session/decisions.ts",
  "packages/perdure/src/session/commands.ts",
  "packages/perdure/src/client/session-client.ts",
  "packages/perdure/src/client/reader.ts",
  "packages/perdure/src/client/outbox.ts",
  "packages/perdure/src/client/link.ts",
  "packages/cli/src/runner/run-runner.ts",
  "packages/cli/src/runner/relay.ts",
  "packages/cli/src/runner/upstream.ts",
  "packages/cli/src/runner/command-gate.ts",
  "packages/cli/src/runner/spool.ts",
  "packages/cli/src/runner/dialer.ts",
  "packages/cli/src/runner/acp-agent.ts",
  "packages/cli/src/runner/agent-turn.ts",
];

/** Every kind of frame and of control event: what only the product may make. */
const KINDS = new Set(
  [
    ...readFileSync(`${ROOT}/docs/PROTOCOL.md`, "utf8").matchAll(/^\| `([a-z.-]+)`(?: \| |, )/gm),
  ].map(([, kind]) => kind),
);

const read = (file: string) => readFileSync(join(ROOT, file), "utf8");

/** Files that a file loads, from the root of the repository. */
function importsOf(file: string): string[] {
  const { module } = parseSync(file, read(file));
  return module.staticImports
    .filter(({ entries }) => entries.length === 0 || entries.some(({ isType }) => !isType))
    .map(({ moduleRequest }) => moduleRequest.value)
    .concat(
      module.staticExports.flatMap(({ entries }) =>
        entries.flatMap((one) => one.moduleRequest?.value ?? []),
      ),
    )
    .map((specifier) =>
      specifier.startsWith("perdure/")
        ? `packages/perdure/src/${specifier.slice("perdure/".length)}/index.ts`
        : join(dirname(file), specifier),
    )
    .filter((path) => existsSync(join(ROOT, path)));
}

test("the simulation runs the product's own classes", () => {
  const loaded = new Set<string>();
  const visit = (file: string): void => {
    if (loaded.has(file)) return;
    loaded.add(file);
    for (const path of importsOf(file)) visit(path);
  };
  visit("simulation/run-seed.ts");
  expect(DECIDING.filter((file) => !loaded.has(file))).toEqual([]);
});

test("the simulation defines no relay logic: it makes no frame and no event of the log", () => {
  expect(KINDS.size).toBeGreaterThan(20);
  const made: string[] = [];
  for (const file of OWN) {
    new Visitor({
      Property({ key, value }) {
        const name = key.type === "Identifier" ? key.name : undefined;
        const kind = value.type === "Literal" ? value.value : undefined;
        if ((name === "t" || name === "type") && typeof kind === "string" && KINDS.has(kind))
          made.push(`${file}: ${name}: "${kind}"`);
      },
    }).visit(parseSync(file, read(file)).program);
  }
  expect(made).toEqual([]);
});

test("the simulation has no class of the product's own names or ports, but for what it plays", () => {
  const played = new Set(["RunnerDisk", "RunnerSocket", "AcpConnection", "OutboxStore"]);
  const deciding = new Set(
    DECIDING.flatMap((file) =>
      [...read(file).matchAll(/export (?:abstract )?class (\w+)/g)].map(([, name]) => name),
    ),
  );
  const wrong: string[] = [];
  for (const file of OWN) {
    for (const [, name = "", , ports = ""] of read(file).matchAll(
      /\bclass (\w+)[^{]*?( implements ([\w, ]+))?\s*\{/g,
    )) {
      if (deciding.has(name)) wrong.push(`${file}: class ${name}`);
      for (const port of ports.split(",").map((one) => one.trim()))
        if (/^(Relay|Link$|Sql$|Clock$|Timers$)/.test(port) && !played.has(port))
          wrong.push(`${file}: ${name} implements ${port}`);
    }
  }
  expect(wrong).toEqual([]);
});
