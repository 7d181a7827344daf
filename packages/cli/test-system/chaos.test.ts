import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished, expect, test } from "vitest";
import { signToken } from "perdure/auth";
import { SessionClient } from "perdure/client";
import type { SessionEvent } from "perdure/protocol";
import { textOf } from "perdure/protocol";
import { WebSocket } from "ws";
import { readFileSync } from "node:fs";
import { demoText } from "../src/demo-agent/text.ts";
import { serve } from "../src/serve/index.ts";
import { readServerRecord } from "../src/serve/server-record.ts";

const TOKENS = 1_000;
const KILLS = 20;
const PERDURE = join(import.meta.dirname, "../bin/perdure.js");

/** A reader that notes every durable event, and what it was shown at each moment. */
class Witness {
  readonly client: SessionClient;
  readonly positions: number[] = [];
  readonly events: SessionEvent[] = [];

  constructor(url: string, session: string, token: string) {
    this.client = new SessionClient({ url, session, token, WebSocket, after: 0 });
    this.client.on("event", (event, position) => {
      this.positions.push(position);
      this.events.push(event);
    });
    this.client.connect();
  }

  /** UTF-16 units of the answer that are shown, durable or not. */
  get shown(): number {
    const session = this.client.getState().session;
    const answer = session?.open?.message;
    return answer === undefined ? 0 : textOf(answer).length;
  }

  get answers(): string[] {
    const messages = this.client.getState().session?.messages ?? [];
    return messages
      .filter(({ message }) => message.role === "assistant")
      .map(({ message }) => textOf(message));
  }
}

/** Waits until a condition holds; the bound is far above what it takes. */
async function until(condition: () => boolean, what: string): Promise<void> {
  for (let waited = 0; waited < 60_000; waited += 10) {
    if (condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`Waited in vain until ${what}.`);
}

/** Numbers that look random and are the same in every run (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function startRunner(url: string, dir: string, session: string): ChildProcess {
  const cwd = join(dir, "scratch");
  mkdirSync(cwd, { recursive: true });
  const agent = [process.execPath, PERDURE, "demo-agent", "--state-dir", join(dir, "agent")];
  const child = spawn(
    process.execPath,
    [
      PERDURE,
      "run",
      "--url",
      url,
      "--dir",
      join(dir, "data"),
      "--session",
      session,
      "--state-dir",
      join(dir, "run"),
      "--",
      ...agent,
    ],
    { cwd, stdio: ["ignore", "ignore", "inherit"] },
  );
  onTestFinished(() => void child.kill("SIGKILL"));
  return child;
}

test(`workerd killed at ${KILLS} random points of a ${TOKENS}-token turn: no gap, no repeat, every acknowledged prompt there`, async () => {
  const dir = mkdtempSync(join(tmpdir(), "perdure-chaos-"));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const server = await serve({ dir: join(dir, "data"), port: 0, report: () => {} });
  onTestFinished(() => server.stop());
  const secret = readFileSync(join(dir, "data/secret"), "utf8").trim();
  const token = await signToken(secret, {
    subject: "owner",
    session: "*",
    role: "admin",
    expiresInSeconds: 3600,
  });
  const created = await fetch(`${server.url}/v1/sessions`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify({ id: "chaos" }),
  });
  expect(created.status).toBe(201);
  startRunner(server.url, dir, "chaos");
  const readers = [
    new Witness(server.url, "chaos", token),
    new Witness(server.url, "chaos", token),
  ];
  onTestFinished(() => readers.forEach(({ client }) => client.close()));
  const [first] = readers as [Witness, Witness];
  await until(() => first.client.getState().session?.runner !== undefined, "the runner is there");

  const prompt = `tokens=${TOKENS} rate=25`;
  const acknowledged = [await first.client.send(prompt, { id: "turn-0" })];
  const seed = Number(process.env["PERDURE_SEED"] ?? 20_261_121);
  const random = randomFrom(seed);
  let kills = 0;
  while (kills < KILLS) {
    const point = first.shown + 1 + Math.floor(random() * 20 * 4);
    await until(
      () => first.shown >= point || first.answers.length > 0,
      `${point} characters are shown (seed ${seed})`,
    );
    if (first.answers.length > 0) break;
    const pid = readServerRecord(join(dir, "data/server.json"))?.workerdPid ?? 0;
    process.kill(pid, "SIGKILL");
    kills += 1;
    // Sent into the outage: the outbox holds it until the server is back.
    if (kills % 5 === 0)
      acknowledged.push(
        await first.client.send(`tokens=10 rate=0 after kill ${kills}`, { id: `turn-${kills}` }),
      );
    else
      await until(
        () => readServerRecord(join(dir, "data/server.json"))?.workerdPid !== pid,
        "workerd is back",
      );
    // Backoff grows with twenty outages in a row; the test does not wait for it.
    for (const { client } of readers) client.reconnect();
    await until(() => first.client.getState().link === "live", "the reader is back");
  }
  await until(
    () => readers.every((one) => one.answers.length === acknowledged.length),
    "all turns are answered",
  );
  const expected = [
    prompt,
    ...[5, 10, 15, 20].map((n) => `tokens=10 rate=0 after kill ${n}`),
  ].slice(0, acknowledged.length);
  console.log(
    `seed ${seed}: ${kills} kills, ${first.positions.length} positions, ${acknowledged.length} prompts`,
  );

  for (const reader of readers) {
    expect(reader.answers).toEqual(
      expected.map((text, index) => demoText(text, index === 0 ? TOKENS : 10)),
    );
    expect(reader.positions).toEqual(reader.positions.map((_, index) => index + 1));
  }
  expect(JSON.stringify(readers[1]?.events)).toBe(JSON.stringify(first.events));
  expect(kills).toBe(KILLS);
});
