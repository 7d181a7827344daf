import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isObject } from "perdure/protocol";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { RunningServer } from "./support/scene.ts";
import { Scene } from "./support/scene.ts";
import { until } from "./support/until.ts";

const [one, other] = [new Scene(), new Scene()];
let first: RunningServer;
let second: RunningServer;
let head = 0;

/** Above what a row of the log holds. */
const LONG = `long ${"\u{1F600}\n".repeat(40_000)}`;

beforeAll(async () => {
  [first, second] = await Promise.all([one.startServer(), other.startServer()]);
  await one.startRunner(first, "story");
  await first.api.post("v1/sessions/story/messages", { id: "p1", text: "tokens=500 rate=0" });
  await first.api.post("v1/sessions/story/messages", { id: "p2", text: `tokens=5 rate=0 ${LONG}` });
  head = await until("both turns have ended", async () => {
    const types = (await eventsOf(first, "story")).map(({ type }) => type);
    const isEnded = types.filter((type) => type === "turn.ended").length === 2;
    return isEnded ? types.length : undefined;
  });
});

afterAll(() => Promise.all([one.end(), other.end()]));

async function objectAt({ api }: RunningServer, path: string) {
  const answer = await api.get(`v1/sessions/${path}`);
  if (!isObject(answer)) throw new Error("It is no object.");
  return answer;
}

const infoOf = (server: RunningServer, session: string) => objectAt(server, session);

const transcriptOf = async (server: RunningServer, session: string) =>
  JSON.stringify((await objectAt(server, `${session}/messages?limit=200`))["messages"]);

/** All events of a session, each with its position. */
async function eventsOf(server: RunningServer, session: string) {
  const events: Record<string, unknown>[] = [];
  for (let after = 0; ;) {
    const page = await objectAt(server, `${session}/events?after=${after}`);
    events.push(...(page["events"] as Record<string, unknown>[]));
    after = Number(page["next"]);
    if (after >= Number(page["head"])) return events;
  }
}

/** Runs a command of the built program against a server; answers what it printed. */
async function command(scene: Scene, server: RunningServer, ...parameters: string[]) {
  const program = scene.run(...parameters, "--url", server.url, "--dir", scene.dir);
  const { code } = await program.exited;
  return { code, stdout: program.stdout.trim(), stderr: program.stderr };
}

/** The lines of an export but the first, which has its time, and the last, which sums up. */
const lines = (text: string) => text.trim().split("\n").slice(1, -1);

test("X8 what one server exports another imports: the same transcript byte for byte, and the same events", async () => {
  const file = join(one.folder, "story.jsonl");
  expect(await command(one, first, "export", "story", file)).toMatchObject({ code: 0 });
  const imported = await command(other, second, "import", file, "--id", "copy");
  expect(imported).toMatchObject({ code: 0, stdout: "copy" });
  expect(await transcriptOf(second, "copy")).toBe(await transcriptOf(first, "story"));
  const events = await eventsOf(second, "copy");
  expect(events.slice(0, head)).toEqual((await eventsOf(first, "story")).slice(0, head));
  expect(events.slice(head)).toMatchObject([{ type: "session.imported", from: "story" }]);
  expect(await second.api.get("v1/sessions")).toMatchObject({ sessions: [{ id: "copy" }] });
  // To standard output it is the same file.
  const { stdout } = await command(one, first, "export", "story");
  expect(lines(stdout)).toEqual(lines(readFileSync(file, "utf8")));
});

test("X7 a file that is cut off or altered, and an id that is taken, are refused with a line that says so", async () => {
  const file = join(one.folder, "whole.jsonl");
  const broken = join(one.folder, "broken.jsonl");
  await command(one, first, "export", "story", file);
  const text = readFileSync(file, "utf8");
  for (const [content, why] of [
    [text.slice(0, -200), /cut off/],
    [text.replace('"p1"', '"p7"'), /altered/],
    [text.slice(0, text.length / 2), /cut off/],
  ] as const) {
    writeFileSync(broken, content);
    const { code, stderr } = await command(other, second, "import", broken, "--id", "broken");
    expect(code).toBe(1);
    expect(stderr).toMatch(why);
  }
  await expect(infoOf(second, "broken")).rejects.toMatchObject({ code: "session_not_found" });
  expect(await command(one, first, "import", file, "--id", "story")).toMatchObject({
    code: 5,
    stderr: expect.stringContaining("session_exists") as string,
  });
  expect(await command(other, second, "import", join(one.folder, "none"))).toMatchObject({
    code: 2,
  });
});

test("X1 perdure fork makes a session up to a position, in which an agent goes on", async () => {
  const begun = (await eventsOf(first, "story")).findIndex(({ type }) => type === "turn.ended") + 1;
  const { code, stdout: id } = await command(one, first, "fork", "story", "--at", String(begun));
  expect(code).toBe(0);
  await one.startRunner(first, id);
  await first.api.post(`v1/sessions/${id}/messages`, { id: "p9", text: "tokens=5 rate=0" });
  await until("it has answered", async () => {
    const events = await eventsOf(first, id);
    return events.at(-1)?.["type"] === "turn.ended" && events.length > begun + 3;
  });
  const [source, fork] = [await eventsOf(first, "story"), await eventsOf(first, id)];
  expect(fork.slice(0, begun)).toEqual(source.slice(0, begun));
  expect(source).toHaveLength(head);
  expect(await command(one, first, "fork", "story", "--at", "0")).toMatchObject({ code: 2 });
  expect(await command(one, first, "fork", "story", "--at", "99999")).toMatchObject({
    code: 1,
    stderr: expect.stringContaining(`to ${head}`) as string,
  });
});
