import { evictDurableObject, runDurableObjectAlarm } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { Reader } from "../../src/client/reader.ts";
import type { Message, SessionEvent, SessionState } from "../../src/protocol/index.ts";
import { splitRun, textOf } from "../../src/protocol/index.ts";
import { models, payments, paying, prompts, saying } from "../objects/chat-session-do.ts";
import { Peer } from "./peer.ts";
import { OWNER, PROMPT, valueOf } from "./setup.ts";

type Chat = Awaited<ReturnType<typeof chat>>;

async function chat(id: string) {
  const session = env.CHAT_SESSION.getByName(id);
  valueOf(await session.create(OWNER, { id }));
  return session;
}

/** All durable events. */
async function eventsOf(session: Chat): Promise<readonly SessionEvent[]> {
  const { events } = valueOf(await session.events(OWNER, 0));
  return events.flatMap((event) => splitRun(event as SessionEvent));
}

/** A page: the client's own reader, over one connection after the other. */
class Page {
  readonly #session: Chat;
  readonly #reader = new Reader(null);
  #peer: Peer | undefined;

  private constructor(session: Chat) {
    this.#session = session;
  }

  static async open(session: Chat): Promise<Page> {
    const page = new Page(session);
    await page.connect();
    return page;
  }

  async connect(): Promise<void> {
    this.#peer = await Peer.open(this.#session);
    this.#peer.send(this.#reader.onConnect());
  }

  disconnect(): void {
    this.#peer?.close();
  }

  /** Reads until the session is as wanted. */
  async until(isWanted: (state: SessionState) => boolean): Promise<SessionState> {
    for (;;) {
      const { session } = this.#reader.view;
      if (session !== undefined && isWanted(session)) return session;
      const frame = await this.#peer?.until(() => true);
      for (const effect of this.#reader.onFrame(JSON.stringify(frame)))
        if (effect.kind === "hello") this.#peer?.send(effect.frame);
    }
  }
}

const hasEnded = (state: SessionState) =>
  state.lastOutcome !== undefined && state.turns.length === 0;

const NO_MESSAGE: Message = { id: "", role: "user", parts: [] };

const isShown = (text: string) => (state: SessionState) => textOfOpen(state) === text;

const textOfOpen = (state: SessionState) =>
  state.open === undefined ? "" : textOf(state.open.message);

test("O1 O3 the AI SDK's stream is the transcript: text, metadata and the conversation that the model is given", async () => {
  const session = await chat("text");
  models.set("text", () => saying("Es war ", "einmal", " ein 🌍."));
  const page = await Page.open(session);
  await session.command(OWNER, "p", PROMPT);
  await page.until(hasEnded);
  const [question, answer] = await session.getRecentMessages();
  expect(question?.id).toBe("p");
  expect(answer).toMatchObject({ role: "assistant", parts: [{ type: "step-start" }, {}] });
  expect(textOf(answer as Message)).toBe("Es war einmal ein 🌍.");
  expect((await eventsOf(session)).map(({ type }) => type)).toEqual([
    "session.created",
    "session.meta",
    "turn.queued",
    "command.begun",
    "start",
    "start-step",
    "text-start",
    "text-delta",
    "text-delta",
    "text-delta",
    "text-end",
    "finish-step",
    "finish",
    "turn.ended",
  ]);
  await session.command(OWNER, "q", PROMPT);
  await page.until((state) => state.lastOutcome?.turn === "q");
  expect(prompts.get("text")).toMatchObject([
    [
      { role: "user", content: [{ text: "hello" }] },
      { role: "assistant", content: [{ text: "Es war einmal ein 🌍." }] },
      { role: "user", content: [{ text: "hello" }] },
    ],
  ]);
});

test("O3 two readers see the same, and so do one that reloads in mid-text and one that reconnects there", async () => {
  const session = await chat("reload");
  const [stays, returns] = [await Page.open(session), await Page.open(session)];
  await session.command(OWNER, "p", PROMPT);
  await session.dictate("One ", "two ");
  await returns.until(isShown("One two "));
  returns.disconnect();
  await session.dictate("three ");
  await stays.until(isShown("One two three "));
  const reloaded = await Page.open(session);
  await returns.connect();
  await reloaded.until(isShown("One two three "));
  await session.dictate("four");
  await session.dictate();
  const messages = (await stays.until(hasEnded)).messages;
  expect(textOf(messages.at(-1)?.message ?? NO_MESSAGE)).toBe("One two three four");
  for (const page of [returns, reloaded])
    expect((await page.until(hasEnded)).messages).toEqual(messages);
  expect(await session.getRecentMessages()).toMatchObject(messages.map(({ message }) => message));
});

test.each(["alarm", "request"])(
  "O10 O11 O12 a turn that an eviction cuts off is begun again upon the next %s, and what was shown stays",
  async (event) => {
    const id = `evicted-${event}`;
    const session = await chat(id);
    const page = await Page.open(session);
    await session.command(OWNER, "p", PROMPT);
    await session.dictate("Half a");
    await page.until((state) => textOfOpen(state) === "Half a");
    models.set(id, () => saying("A whole sentence."));
    if (event === "alarm") await session.hurryHeartbeat();
    await evictDurableObject(session);
    await (event === "alarm" ? runDurableObjectAlarm(session) : session.describe(OWNER));
    const state = await page.until(hasEnded);
    expect(state.lastOutcome).toMatchObject({ outcome: "completed" });
    const messages = await session.getRecentMessages();
    expect(messages.map((message) => textOf(message as Message))).toEqual([
      "hello",
      "Half a",
      "A whole sentence.",
    ]);
    const retried = (await eventsOf(session)).filter(({ type }) => type === "turn.retried");
    expect(retried).toMatchObject([{ turn: "p", attempt: 2, why: "evicted" }]);
  },
);

test("O10 O12 a turn that is cut off in its last attempt is interrupted", async () => {
  const session = await chat("interrupted");
  const page = await Page.open(session);
  await session.command(OWNER, "p", PROMPT);
  for (const words of ["One", "Two"]) {
    await session.dictate(words);
    await page.until((state) => textOfOpen(state) === words);
    await evictDurableObject(session);
    await session.describe(OWNER);
  }
  const { lastOutcome, messages } = await page.until(hasEnded);
  expect(lastOutcome).toMatchObject({ outcome: "interrupted" });
  expect(messages.map(({ message }) => textOf(message))).toEqual(["hello", "One", "Two"]);
});

test("O6 cancelling aborts the call of the model", async () => {
  const session = await chat("cancelled");
  const page = await Page.open(session);
  await session.command(OWNER, "p", PROMPT);
  await session.dictate("Half a");
  await page.until((state) => textOfOpen(state) === "Half a");
  await session.command(OWNER, "c", { op: "cancel" });
  expect((await page.until(hasEnded)).lastOutcome).toMatchObject({ outcome: "cancelled" });
  const [, answer] = await session.getRecentMessages();
  expect(textOf(answer as Message)).toBe("Half a");
});

test("O7 a model that fails fails the turn after its attempts, in the words of the AI SDK", async () => {
  const session = await chat("fails");
  models.set("fails", () => {
    throw new Error("Incorrect API key provided: sk-123");
  });
  const page = await Page.open(session);
  await session.command(OWNER, "p", PROMPT);
  await page.until((state) => state.turns[0]?.attempt === 2);
  await runDurableObjectAlarm(session);
  const { lastOutcome } = await page.until(hasEnded);
  expect(lastOutcome).toMatchObject({ outcome: "failed", reason: "An error occurred." });
  expect(JSON.stringify(await eventsOf(session))).not.toContain("sk-123");
});

test.each([
  ["allow", false, "paid", [20]],
  ["reject", false, "rejected", undefined],
  ["allow", true, "paid", [20]],
  ["reject", true, "rejected", undefined],
])(
  "O14 O16 a tool that asks is answered with %s; its memory lost meanwhile: %s",
  async (option, isLost, result, paid) => {
    const id = `pay-${option}-${isLost}`;
    const session = await chat(id);
    models.set(id, (call) => (call === 1 ? paying(20) : saying("Done.")));
    const page = await Page.open(session);
    await session.command(OWNER, "p", PROMPT);
    const { approvals } = await page.until((state) => state.approvals.length > 0);
    expect(approvals).toMatchObject([
      { title: "Pay 20 euros", input: { euros: 20 }, toolCallId: "call-1", state: "pending" },
    ]);
    if (isLost) await evictDurableObject(session);
    const { approval = "" } = approvals[0] ?? {};
    await session.command(OWNER, "d", { op: "decide", approval, option });
    const state = await page.until(hasEnded);
    expect(state.lastOutcome).toMatchObject({ outcome: "completed" });
    const answer = (await session.getRecentMessages()).at(-1);
    expect(answer?.parts).toMatchObject([
      { type: "step-start" },
      { type: "tool-pay", state: "output-available", output: result },
      { type: "step-start" },
      { type: "text", text: "Done." },
    ]);
    expect(payments.get(id)).toEqual(paid);
    expect(valueOf(await session.approvals(OWNER)).approvals).toHaveLength(1);
  },
);

test("O9 a runner is told that this session takes none", async () => {
  const session = await chat("runner");
  const runner = await Peer.open(session, { kind: "runner" });
  expect((await runner.closed).code).toBe(4403);
});

test("O3 a turn of 400 deltas at 60 a second writes at most 50 rows, as the platform counts them", async () => {
  const session = await chat("rows");
  const page = await Page.open(session);
  const before = await session.costs();
  await session.command(OWNER, "p", PROMPT);
  let length = 0;
  for (let left = 400; left > 0; left -= 12) {
    const words = Array.from({ length: Math.min(12, left) }, () => "word ");
    await session.dictate(...words);
    length += words.length * 5;
    // What 200 ms have brought is one flush.
    await page.until((state) => textOfOpen(state).length === length);
  }
  await session.dictate();
  await page.until(hasEnded);
  const after = await session.costs();
  // 42 to 44 where no flush is cut in two: 34 flushes; the rest is the prompt, its message and title, the heartbeat and the end.
  expect(after.written - before.written + after.alarms - before.alarms).toBeLessThanOrEqual(50);
}, 30_000);
