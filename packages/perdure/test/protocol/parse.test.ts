import { expect, test } from "vitest";
import {
  isChunk,
  MAX_ID_LENGTH,
  parseClientFrame,
  parseCommand,
  parseId,
  parseRunnerFrame,
  parseRunnerServerFrame,
  parseServerFrame,
  PerdureError,
} from "../../src/protocol/index.ts";

const SECRET = "sk-7f3a9";

/** The error of a parser that refuses. */
function refusal(parse: () => unknown): PerdureError {
  try {
    parse();
  } catch (error) {
    if (error instanceof PerdureError) return error;
    throw error;
  }
  throw new Error("It was not refused.");
}

const event = (value: unknown) => ({ t: "events", epoch: 1, r: 1, e: [value] });

const asked = {
  type: "approval.requested",
  approval: "a1",
  turn: "t1",
  kind: "edit",
  title: "Edit a file",
  input: { path: "a" },
  options: [{ id: "yes", name: "Yes", kind: "allow_once" }],
  at: 5,
};

const BAD_CLIENT_FRAMES: Readonly<Record<string, unknown>> = {
  "no object": 5,
  "a list": [],
  "no t": {},
  "an unknown t": { t: SECRET.repeat(9) },
  "hello without a version": { t: "hello", after: 0 },
  "hello whose version is text": { t: "hello", v: SECRET, after: 0 },
  "hello without a cursor": { t: "hello", v: 1 },
  "hello whose cursor is negative": { t: "hello", v: 1, after: -1 },
  "hello whose cursor is text": { t: "hello", v: 1, after: SECRET },
  "hello whose cursor is no whole number": { t: "hello", v: 1, after: 0.5 },
  "ack past what a number holds exactly": { t: "ack", d: 2 ** 53 },
  "ack of a list": { t: "ack", d: [SECRET] },
  "command without an id": { t: "command", command: { op: "pause" } },
  "command with an empty id": { t: "command", id: "", command: { op: "pause" } },
  "command whose id has a space": { t: "command", id: `${SECRET} x`, command: { op: "pause" } },
  "command whose id is too long": {
    t: "command",
    id: SECRET.repeat(MAX_ID_LENGTH),
    command: { op: "pause" },
  },
  "command that is text": { t: "command", id: "1", command: SECRET },
  "an unknown op": { t: "command", id: "1", command: { op: SECRET.repeat(9) } },
  "prompt without parts": { t: "command", id: "1", command: { op: "prompt", parts: [] } },
  "prompt whose part is text": {
    t: "command",
    id: "1",
    command: { op: "prompt", parts: [SECRET] },
  },
  "prompt whose text is a number": {
    t: "command",
    id: "1",
    command: { op: "prompt", parts: [{ type: "text", text: 5 }] },
  },
  "prompt with a tool's part": {
    t: "command",
    id: "1",
    command: { op: "prompt", parts: [{ type: "tool-read", input: SECRET }] },
  },
  "prompt whose metadata is text": {
    t: "command",
    id: "1",
    command: { op: "prompt", parts: [{ type: "text", text: "x" }], metadata: SECRET },
  },
  "decide without an option": { t: "command", id: "1", command: { op: "decide", approval: "a1" } },
  "set-meta of text": { t: "command", id: "1", command: { op: "set-meta", patch: SECRET } },
  "set-meta that replaces in words": {
    t: "command",
    id: "1",
    command: { op: "set-meta", patch: {}, replace: SECRET },
  },
};

const BAD_RUNNER_FRAMES: Readonly<Record<string, unknown>> = {
  "hello without a process": { t: "hello", v: 1, spool: "s", first: 1 },
  "hello whose agent has no name": {
    t: "hello",
    v: 1,
    process: "p",
    spool: "s",
    first: 1,
    agent: { version: SECRET },
  },
  "events without any": { t: "events", epoch: 1, r: 1, e: [] },
  "events of an unknown epoch": { t: "events", epoch: SECRET, r: 1, e: [{ type: "finish" }] },
  "an event that is text": event(SECRET),
  "an event that only the object writes": event({ type: "turn.queued", turn: SECRET.repeat(9) }),
  "a chunk without its text": event({ type: "text-delta", id: SECRET }),
  "a chunk of an unknown type": event({ type: SECRET.repeat(9) }),
  "a data chunk without data": event({ type: "data-x", id: SECRET }),
  "begun without a number": event({ type: "command.begun", command: SECRET, at: 1 }),
  "a time that is text": event({ type: "command.begun", command: 1, at: SECRET }),
  "a turn that ended in no known way": event({ type: "turn.ended", turn: "t", outcome: SECRET }),
  "an approval without options": event({ ...asked, options: [] }),
  "an option of no known kind": event({
    ...asked,
    options: [{ id: "yes", name: "Yes", kind: SECRET }],
  }),
  "tasks that are text": event({ type: "tasks.changed", tasks: SECRET, at: 1 }),
  "a task of no known status": event({
    type: "tasks.changed",
    tasks: [{ id: "1", title: "x", status: SECRET }],
  }),
  "a runner that was restored in no known way": event({
    type: "runner.started",
    epoch: 1,
    agent: { name: "a" },
    restored: SECRET,
  }),
};

test.each(Object.keys(BAD_CLIENT_FRAMES))(
  "W3 W4 a reader's bad frame is refused, and nothing of it is repeated: %s",
  (name) => {
    const error = refusal(() => parseClientFrame(JSON.stringify(BAD_CLIENT_FRAMES[name])));
    expect(error.code).toBe("bad_frame");
    expect(error.message).not.toContain(SECRET);
  },
);

test.each(Object.keys(BAD_RUNNER_FRAMES))(
  "W3 W4 a runner's bad frame is refused, and nothing of it is repeated: %s",
  (name) => {
    const error = refusal(() => parseRunnerFrame(JSON.stringify(BAD_RUNNER_FRAMES[name])));
    expect(error.code).toBe("bad_frame");
    expect(error.message).not.toContain(SECRET);
  },
);

test("W3 W4 text that is no JSON is refused, and nothing of it is repeated", () => {
  for (const parse of [parseClientFrame, parseRunnerFrame, parseServerFrame]) {
    const error = refusal(() => parse(`{"t":"${SECRET}`));
    expect([error.code, error.message]).toEqual([
      "bad_frame",
      "The frame was not understood: a frame is JSON.",
    ]);
  }
});

test("W4 an error names the field, and a short name that is not known", () => {
  expect(refusal(() => parseClientFrame('{"t":"helo"}')).message).toContain('unknown `t` "helo"');
  expect(refusal(() => parseClientFrame('{"t":"ack","d":"x"}')).message).toContain(
    "`d` must be a whole number from 0, not a string of 1 characters",
  );
  expect(refusal(() => parseCommand({ op: "promt" })).message).toContain('unknown op "promt"');
});

test("W5 a frame of the object of an unknown kind is passed over, and unknown fields are no error", () => {
  expect(parseServerFrame('{"t":"weather","i":"1"}')).toBeUndefined();
  expect(parseRunnerServerFrame('{"t":"weather","i":"1"}')).toBeUndefined();
  expect(parseClientFrame('{"t":"ack","d":3,"mood":"good"}')).toEqual({ t: "ack", d: 3 });
});

test("W6 a bare string is a frame of the object, and of nobody else", () => {
  expect(parseServerFrame('"lo"')).toBe("lo");
  expect(parseServerFrame('""')).toBe("");
  expect(refusal(() => parseClientFrame('"lo"')).code).toBe("bad_frame");
});

test("W10 a content event keeps every field, a control event of a runner those that are known", () => {
  const chunk = { type: "text-delta", id: "1", delta: "x", providerMetadata: { a: 1 }, extra: [2] };
  const begun = { type: "command.begun", command: 7, at: 5 };
  expect(parseRunnerFrame(JSON.stringify(event(chunk)))).toMatchObject({ e: [chunk] });
  expect(parseRunnerFrame(JSON.stringify(event({ ...begun, by: "me" })))).toEqual(event(begun));
  expect(parseRunnerFrame(JSON.stringify(event({ ...asked, digest: "forged" })))).toEqual(
    event(asked),
  );
});

test("W10 a chunk is known by its type and its required fields", () => {
  expect(isChunk({ type: "data-x", data: null })).toBe(true);
  expect(isChunk({ type: "data-", data: 1 })).toBe(false);
  expect(isChunk({ type: "toString" })).toBe(false);
  expect(isChunk({ type: "tool-approval-response", approvalId: "a", approved: "yes" })).toBe(false);
  expect(isChunk({ type: "steering-message", id: "1", parts: {} })).toBe(false);
});

test("C7 an id is 1 to 128 printable ASCII characters without spaces", () => {
  for (const id of ["!", "~", "a".repeat(MAX_ID_LENGTH)]) expect(parseId(id)).toBe(id);
  for (const id of ["", " ", "a b", "ä", "\n", "a".repeat(MAX_ID_LENGTH + 1), 5, null])
    expect(refusal(() => parseId(id)).code).toBe("bad_frame");
});

test("W1 each frame and each command is read as it is written", () => {
  const commands = [
    { op: "prompt", parts: [{ type: "text", text: "Hi" }], metadata: { a: 1 } },
    { op: "prompt", parts: [{ type: "file", url: "data:,x", mediaType: "text/plain" }] },
    { op: "prompt", parts: [{ type: "data-x", data: null }] },
    { op: "cancel" },
    { op: "cancel", turn: "t1" },
    { op: "decide", approval: "a1", option: "yes" },
    { op: "decide", approval: "a1", option: "yes", reason: "Fine." },
    { op: "set-meta", patch: { title: null } },
    { op: "set-meta", patch: { a: 1 }, replace: true },
    { op: "pause" },
    { op: "resume" },
    { op: "terminate" },
  ];
  const frames = [
    { t: "hello", v: 1, after: null },
    { t: "hello", v: 1, after: 0 },
    { t: "ack", d: 3 },
    ...commands.map((command) => ({ t: "command", id: "1", command })),
  ];
  for (const frame of frames) expect(parseClientFrame(JSON.stringify(frame))).toEqual(frame);
});

test("N16 a runner may send content and six control events", () => {
  const agent = { name: "demo", title: "Demo", version: "1" };
  const events = [
    { type: "start-step" },
    { type: "command.begun", command: 1, at: 1 },
    { type: "runner.started", epoch: 1, agent, restored: "resumed", agentSession: "s", at: 1 },
    { ...asked, toolCallId: "c1", expiresAt: 9 },
    { type: "approval.closed", approval: "a1", why: "withdrawn", at: 1 },
    { type: "turn.ended", turn: "t1", outcome: "failed", reason: "It broke.", at: 1 },
    {
      type: "tasks.changed",
      tasks: [{ id: "1", title: "x", status: "pending", priority: "high" }],
      at: 1,
    },
  ];
  const frame = { t: "events", epoch: 1, r: 1, e: events };
  expect(parseRunnerFrame(JSON.stringify(frame))).toEqual(frame);
});
