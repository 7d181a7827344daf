import { expect, test } from "vitest";
import { LocalScene, QUESTION, rest } from "./local-turn-scene.ts";

const HEARTBEAT = "perdure:turn:heartbeat";

/** A turn that asks one question, and says what was answered. */
function asking(expiresAt?: number) {
  return LocalScene.with(async (turn) => {
    turn.write("May I? ");
    const { approved, option, by, reason } = await turn.approve({ ...QUESTION, expiresAt });
    return `${approved} ${option} ${by} ${reason}`;
  });
}

test("O14 a question is durable, shown, and answered by the first decision", async () => {
  const scene = await asking();
  await scene.prompt("p");
  expect(scene.question).toMatchObject({ ...QUESTION, turn: "p", state: "pending" });
  expect(scene.question?.digest).toMatch(/^[0-9a-f]{64}$/);
  expect(scene.question?.options.map(({ id }) => id)).toEqual(["allow", "reject"]);
  expect(scene.told.slice(2)).toEqual([
    "start",
    "text-start",
    "May I? ",
    "text-end",
    "approval.requested",
  ]);
  expect(scene.world.session.info().status).toBe("waiting");
  const { approval = "" } = scene.question ?? {};
  await scene.world.command("d", { op: "decide", approval, option: "allow", reason: "It is due." });
  await rest();
  expect(scene.answers).toEqual(["May I? true allow owner It is due."]);
  expect(await scene.world.decide("e", approval, "reject", "bob")).toMatchObject({
    error: { code: "already_decided", extra: { by: "owner", option: "allow" } },
  });
  expect(scene.world.session.approvals().approvals).toMatchObject([
    { state: "delivered", approved: true },
  ]);
});

test("O14 a rejection is an answer", async () => {
  const scene = await asking();
  await scene.prompt("p");
  await scene.decide(scene.question?.approval ?? "", "reject");
  expect(scene.answers).toEqual(["May I? false reject owner undefined"]);
});

test("O15 while it waits for a person nothing keeps the object awake", async () => {
  const scene = await asking();
  await scene.prompt("p");
  expect(scene.world.dueAt(HEARTBEAT)).toBeUndefined();
  expect(scene.world.clock.waiting).toBe(0);
});

test("O16 a turn that waits outlives its memory, and is run again when somebody has decided, with the answer", async () => {
  const scene = await asking();
  await scene.prompt("p");
  await scene.evict();
  await scene.evict();
  await scene.ring(24 * 60 * 60 * 1_000);
  expect(scene.world.session.info().status).toBe("waiting");
  expect(scene.runs).toHaveLength(1);
  await scene.decide(scene.question?.approval ?? "", "allow");
  expect(scene.runs.map(({ attempt }) => attempt)).toEqual([1, 1]);
  expect(scene.told.slice(6)).toEqual([
    "approval.requested",
    "approval.decided",
    "retried 1 decided",
    "command.begun",
    "start",
    "text-start",
    "May I? ",
    "text-end",
    "text-start",
    "true allow owner undefined",
    "text-end",
    "ended completed",
  ]);
  expect(scene.answers).toEqual(["May I? ", "May I? true allow owner undefined"]);
});

test("O16 a decision and a loss of memory count for no attempt; a run that is cut off then does", async () => {
  const scene = await LocalScene.with(
    async (turn) => {
      await turn.approve(QUESTION);
      await new Promise(() => {});
    },
    { attempts: 2 },
  );
  await scene.prompt("p");
  await scene.evict();
  await scene.decide(scene.question?.approval ?? "", "allow");
  expect(scene.runs.map(({ attempt }) => attempt)).toEqual([1, 1]);
  await scene.evict();
  await scene.ring(1_000);
  expect(scene.runs.map(({ attempt }) => attempt)).toEqual([1, 1, 2]);
  await scene.evict();
  expect(scene.outcome).toMatchObject({ outcome: "interrupted" });
});

test("O17 each of several identical questions is asked once in a turn, however often it is run", async () => {
  const answers: unknown[][] = [];
  const scene = await LocalScene.with(async (turn) => {
    const run: unknown[] = [];
    answers.push(run);
    run.push((await turn.approve(QUESTION)).option);
    run.push((await turn.approve(QUESTION)).option);
    run.push((await turn.approve({ ...QUESTION, input: { euros: 11 } })).option);
  });
  await scene.prompt("p");
  for (const option of ["allow", "reject", "allow"]) {
    await scene.evict();
    await scene.decide(scene.question?.approval ?? "", option);
  }
  expect(answers.at(-1)).toEqual(["allow", "reject", "allow"]);
  expect(scene.world.session.approvals().approvals).toHaveLength(3);
  expect(scene.outcome).toMatchObject({ outcome: "completed" });
  await scene.prompt("q");
  expect(scene.question).toMatchObject({ turn: "q", state: "pending" });
});

test("O17 a question whose input has changed meanwhile is asked anew", async () => {
  const scene = await LocalScene.with(async (turn) => {
    const { approved } = await turn.approve({ ...QUESTION, input: { run: scene.runs.length } });
    return `${approved}`;
  });
  await scene.prompt("p");
  const { approval: first = "" } = scene.question ?? {};
  await scene.evict();
  await scene.decide(first, "allow");
  expect(scene.question).toMatchObject({ input: { run: 2 }, state: "pending" });
  await scene.decide(scene.question?.approval ?? "", "reject");
  expect(scene.answers).toEqual(["false"]);
});

test("O17 questions that are open together are answered in any order, also without memory", async () => {
  const scene = await LocalScene.with(async (turn) => {
    const ask = async (title: string) =>
      `${title}:${(await turn.approve({ ...QUESTION, title })).approved}`;
    return (await Promise.all([ask("a"), ask("b")])).join(" ");
  });
  await scene.prompt("p");
  const [b, a] = scene.world.session.approvals({ state: "pending" }).approvals;
  await scene.evict();
  await scene.decide(b?.approval ?? "", "reject");
  expect(scene.world.session.approvals({ state: "pending" }).approvals).toHaveLength(1);
  await scene.decide(a?.approval ?? "", "allow");
  expect(scene.answers).toEqual(["a:true b:false"]);
  expect(scene.world.types().filter((type) => type === "approval.requested")).toHaveLength(2);
});

test.each([true, false])(
  "O18 a question that expires is rejected, and its turn goes on: memory lost %s",
  async (isLost) => {
    const scene = await asking(1_790_000_000_000 + 60_000);
    await scene.prompt("p");
    if (isLost) await scene.evict();
    await scene.ring(60_000);
    expect(scene.answers.at(-1)).toBe("May I? false reject perdure:expiry Nobody decided in time.");
  },
);

test("O18 a turn that is cancelled while it waits withdraws its question", async () => {
  const scene = await asking();
  await scene.prompt("p");
  await scene.evict();
  await scene.world.command("c", { op: "cancel" });
  expect(scene.outcome).toMatchObject({ outcome: "cancelled" });
  expect(scene.world.session.approvals().approvals).toMatchObject([{ state: "withdrawn" }]);
  expect(scene.runs).toHaveLength(1);
});

test.each([
  ["without a title", { ...QUESTION, title: undefined }],
  [
    "that nobody can reject",
    { ...QUESTION, options: [{ id: "y", name: "Yes", kind: "allow_once" }] },
  ],
  ["that nobody can allow", { ...QUESTION, options: [] }],
])("a question %s is refused", async (_what, question) => {
  const codes: unknown[] = [];
  const scene = await LocalScene.with(async (turn) => {
    await turn.approve(question as typeof QUESTION).catch(({ code }) => void codes.push(code));
  });
  await scene.prompt("p");
  expect(codes).toEqual(["bad_request"]);
  expect(scene.world.session.approvals().approvals).toEqual([]);
});
