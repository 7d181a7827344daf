import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type {
  Action,
  Chunk,
  ClientFrame,
  Command,
  ConnectionClientFrame,
  ConnectionServerFrame,
  ControlEvent,
  Role,
  RunnerControlType,
  RunnerFrame,
  RunnerServerFrame,
  ServerFrame,
  ShardClientFrame,
  ShardServerFrame,
} from "../../src/protocol/index.ts";
import { CLOSE, ERROR_STATUS, FINAL_CLOSE_CODES, permits } from "../../src/protocol/index.ts";
import * as limits from "../../src/protocol/limits.ts";

const ROOT = join(import.meta.dirname, "../../../..");
const DOCUMENT = readFileSync(`${ROOT}/docs/PROTOCOL.md`, "utf8");

/** The rows of the table under a heading, each a list of cells without marks of code. */
function tableUnder(heading: string): readonly (readonly string[])[] {
  const [, ...rest] = DOCUMENT.split(`\n${heading}\n`);
  const section = rest.join("").split(/\n#+ /)[0] ?? "";
  return section
    .split("\n")
    .filter((line) => line.startsWith("|"))
    .slice(2)
    .map((line) =>
      line
        .split("|")
        .slice(1, -1)
        .map((cell) => cell.replaceAll("`", "").trim()),
    );
}

const column = (heading: string, index = 0) => tableUnder(heading).map((row) => row[index]);

/** Keys of an object that the compiler holds to be all members of a union. */
const every = <T extends string>(members: Readonly<Record<T, true>>): ReadonlySet<unknown> =>
  new Set(Object.keys(members));

const FRAMES: Readonly<Record<string, ReadonlySet<unknown>>> = {
  "### From a reader": every<ClientFrame["t"]>({ hello: true, ack: true, command: true }),
  "### To a reader": every<ServerFrame["t"]>({
    welcome: true,
    snapshot: true,
    events: true,
    head: true,
    live: true,
    runner: true,
    presence: true,
    reply: true,
    error: true,
  }),
  "### From a runner": every<RunnerFrame["t"]>({ hello: true, events: true }),
  "### To a runner": every<RunnerServerFrame["t"]>({
    welcome: true,
    ack: true,
    expect: true,
    command: true,
    error: true,
  }),
  "### From a connection's client": every<ConnectionClientFrame["t"]>({ hello: true, event: true }),
  "### To a connection's client": every<ConnectionServerFrame["t"]>({
    welcome: true,
    event: true,
    ack: true,
    error: true,
  }),
  "### From a shard's client": every<ShardClientFrame["t"]>({
    hello: true,
    subscribe: true,
    unsubscribe: true,
    call: true,
    ack: true,
  }),
  "### To a shard's client": every<ShardServerFrame["t"]>({
    welcome: true,
    subscribed: true,
    seed: true,
    reset: true,
    missed: true,
    commit: true,
    result: true,
    refused: true,
    error: true,
  }),
  "### Commands": every<Command["op"]>({
    prompt: true,
    cancel: true,
    decide: true,
    "set-meta": true,
    "create-task": true,
    "update-task": true,
    pause: true,
    resume: true,
    terminate: true,
    wake: true,
  }),
};

test.each(Object.keys(FRAMES))("the document has every frame and no other: %s", (heading) => {
  const found = column(heading).filter((name) => name !== "*(a bare string)*");
  expect(new Set(found)).toEqual(FRAMES[heading]);
});

const CONTROL_TYPES = every<ControlEvent["type"]>({
  "session.created": true,
  "session.forked": true,
  "session.imported": true,
  "session.lifecycle": true,
  "session.invited": true,
  "session.joined": true,
  "session.revoked": true,
  "session.meta": true,
  "turn.queued": true,
  "turn.cancelling": true,
  "turn.stalled": true,
  "turn.resumed": true,
  "turn.ended": true,
  "turn.retried": true,
  "approval.requested": true,
  "approval.decided": true,
  "approval.closed": true,
  "command.begun": true,
  "runner.started": true,
  "runner.waking": true,
  "runner.unreachable": true,
  "tasks.changed": true,
  "task.changed": true,
});

const RUNNER_TYPES = every<RunnerControlType>({
  "command.begun": true,
  "runner.started": true,
  "approval.requested": true,
  "approval.closed": true,
  "turn.ended": true,
  "tasks.changed": true,
});

const CONTENT_TYPES = every<Exclude<Chunk["type"], `data-${string}`>>({
  start: true,
  "text-start": true,
  "text-delta": true,
  "text-end": true,
  "reasoning-start": true,
  "reasoning-delta": true,
  "reasoning-end": true,
  "tool-input-start": true,
  "tool-input-delta": true,
  "tool-input-available": true,
  "tool-input-error": true,
  "tool-approval-request": true,
  "tool-approval-response": true,
  "tool-output-available": true,
  "tool-output-error": true,
  "tool-output-denied": true,
  "source-url": true,
  "source-document": true,
  file: true,
  "reasoning-file": true,
  custom: true,
  "steering-message": true,
  "start-step": true,
  "finish-step": true,
  "reset-step": true,
  "message-metadata": true,
  error: true,
  abort: true,
  finish: true,
});

test("the document has every event type, and says which a runner may send", () => {
  const content = tableUnder("### Content");
  const control = tableUnder("### Control");
  const runners = control.filter(([, , isRunners]) => isRunners === "yes");
  expect(new Set(control.flatMap(([types]) => types?.split(", ") ?? []))).toEqual(CONTROL_TYPES);
  expect(new Set(runners.map(([type]) => type))).toEqual(RUNNER_TYPES);
  expect(new Set(content.flatMap(([types]) => types?.split(", ") ?? []))).toEqual(
    new Set([...CONTENT_TYPES, "data-*"]),
  );
});

test("the document has every error code with its HTTP status", () => {
  const found = tableUnder("## Errors").map(([code, status]) => [code, Number(status)]);
  expect(Object.fromEntries(found)).toEqual(ERROR_STATUS);
});

test("the document has every close code with its name, and says after which nobody reconnects", () => {
  const rows = tableUnder("## Close codes");
  expect(Object.fromEntries(rows.map(([code, name]) => [name, Number(code)]))).toEqual(CLOSE);
  const final = rows.flatMap(([code, , again]) => (again?.startsWith("no") ? [Number(code)] : []));
  expect(final).toEqual([...FINAL_CLOSE_CODES].toSorted((a, b) => a - b));
});

test("the document has every limit with its value", () => {
  const found = tableUnder("## Limits").map(([name, value]) => [
    name,
    /^\d+$/.test(value ?? "") ? Number(value) : value,
  ]);
  expect(Object.fromEntries(found)).toEqual({ ...limits });
});

test("the document has every role with all that it permits", () => {
  const roles: readonly Role[] = ["viewer", "participant", "runner", "admin"];
  const actions: readonly Action[] = [
    "describe",
    "read",
    "list",
    "prompt",
    "cancel",
    "decide",
    "set-meta",
    "create-task",
    "update-task",
    "wake",
    "export",
    "pause",
    "resume",
    "terminate",
    "create",
    "erase",
    "share",
    "mint-token",
    "run",
  ];
  const permitted = roles.map((role) => [
    role,
    actions.filter((action) => permits(role, action)).join(", "),
  ]);
  expect(tableUnder("### Roles")).toEqual(permitted);
});

const rulesIn = (text: string) =>
  [...text.matchAll(/^- \*\*([A-Z]\d+)\*\* /gm)].map(([, id]) => id ?? "");

const RULES = rulesIn(DOCUMENT);

/** Rules of what is not on the wire: the hooks have theirs in their guide. */
const GUIDE_RULES = globSync("docs/guides/*.md", { cwd: ROOT }).flatMap((guide) =>
  rulesIn(readFileSync(`${ROOT}/${guide}`, "utf8")),
);

test("each rule has an id of its own, and ids rise", () => {
  const byLetter = Object.groupBy(RULES, (id) => id.charAt(0));
  for (const ids of Object.values(byLetter)) {
    const numbers = ids?.map((id) => Number(id.slice(1))) ?? [];
    expect(numbers).toEqual([...new Set(numbers)].toSorted((a, b) => a - b));
  }
});

test("each rule that a test is named after is in the document", () => {
  const known = new Set([...RULES, ...GUIDE_RULES]);
  const files = globSync("{packages,apps}/*/test*/**/*.test.ts", { cwd: ROOT });
  expect(files.length).toBeGreaterThan(10);
  const unknown = files.flatMap((file) => {
    const text = readFileSync(`${ROOT}/${file}`, "utf8");
    const titles = text.matchAll(
      /\b(?:test|it|describe)(?:\.\w+)*(?:\([^"'`]*\))?\(\s*["'`]([A-Z]\d+)\b/g,
    );
    return [...titles].flatMap(([, id]) => (known.has(id ?? "") ? [] : [`${file}: ${id}`]));
  });
  expect(unknown).toEqual([]);
});
